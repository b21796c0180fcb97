// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

module sealos.io/istio-migration/sandbox/load

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	golang.org/x/net v0.60.0
)

require golang.org/x/text v0.43.0 // indirect
