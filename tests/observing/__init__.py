# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules and dashboards of the role observe: written by the role, tried by promtool, drawn by Grafana's SDK."""
