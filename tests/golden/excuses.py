# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that the gateway does not answer as the table says, each with its reason; docs/real-planes.md names them."""

from __future__ import annotations

EXCUSED: dict[str, str] = {
    "H20": "the gateway has no /healthz of nginx's default server: health checks ask its status port",
    "H06": "a list of aliases of which another host has one is not converted: the host is held back",
    "B06": "a body without a length is not measured (BODY-SIZE-CHUNKED)",
    "B08": "the gateway does not keep what a client claims in X-Forwarded-For as X-Original-Forwarded-For",
    "S17": "the gateway does not end a request that waits for its first byte",
}
