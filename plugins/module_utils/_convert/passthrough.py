# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS connections that pass through to a backend (semantics.md A.1 8, B.8). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.resources import passthrough_route
from .._nginx.site import Server
from .context import Context


def passthrough_obstacles(server: Server, context: Context) -> Iterator[Finding]:
    """Yield what keeps a host whose TLS is passed through on nginx."""
    if server.passthrough is None:
        return
    source = Source(server.ingresses[0].key, annotation="ssl-passthrough")
    upstream = server.passthrough.backend
    if upstream is None or server.passthrough.problem:
        yield finding("TLS-PASSTHROUGH", source, host=server.host, problem=server.passthrough.problem)
        return
    service = context.service_host(upstream.namespace, upstream.service)
    if service in context.foreign_rules:
        values = {"object": context.foreign_rules[service], "service": service}
        yield finding("DESTINATION-RULE-EXISTS", source, host=server.host, **values)


def passthrough_routes(server: Server, context: Context) -> list[dict[str, Any]]:
    """Return the ``tls`` entries of the host's VirtualService, none where the gateway ends TLS."""
    upstream = server.passthrough.backend if server.passthrough else None
    if upstream is None or upstream.port is None:
        return []
    return [
        passthrough_route(server.host, context.service_host(upstream.namespace, upstream.service), upstream.port.number)
    ]
