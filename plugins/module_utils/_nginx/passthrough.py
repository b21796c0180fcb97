# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS connections that nginx passes through to a backend, by ``ssl-passthrough`` (semantics.md A.1 8, B.8). PRIVATE.

Source: ingress-nginx ``internal/ingress/controller``: controller.go getConfiguration, nginx.go OnUpdate, and
``pkg/tcpproxy``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from .._kube.hosts import is_wildcard
from .._kube.objects import KubeObject, ObjectKey, mappings_at, text_at
from .site import DEFAULT_SERVER, Passthrough, Problem, Server

_ROOT = "/"


def pass_through(
    servers: Iterable[Server], asking: Collection[ObjectKey], services: Mapping[tuple[str, str], KubeObject]
) -> None:
    """Tell each server whether its connections are passed through; ``asking`` are the Ingresses that ask for it.

    One that asks decides for the whole host. Names are compared as they are, so none is ever equal to a wildcard.
    """
    for server in servers:
        named = server.host != DEFAULT_SERVER and not is_wildcard(server.host) and not server.redirects_to
        if named and any(ingress.key in asking for ingress in server.ingresses):
            server.passthrough = _of_root(server, services)


def _of_root(server: Server, services: Mapping[tuple[str, str], KubeObject]) -> Passthrough | None:
    """Return where the first location of the root leads; None where nginx ends TLS for want of a Service.

    nginx connects to the address of the Service, on a port of the Service's own: it looks at no endpoint.
    """
    root = next((item for item in server.locations if item.path == _ROOT), None)
    if root is None:
        return None
    upstream = root.replaced or root.upstream
    if root.implicit or upstream is None:
        return Passthrough(None, "no rule of the host has the path /")
    if upstream.problem is Problem.NO_SERVICE:
        return None
    service = services[upstream.namespace, upstream.service]
    if not _has_address(service):
        return Passthrough(upstream, "its Service has no address of its own")
    if not _has_port(service, upstream.written_port):
        return Passthrough(upstream, f"its Service has no port {upstream.written_port}")
    return Passthrough(upstream, upstream.problem.value)


def _has_address(service: KubeObject) -> bool:
    return text_at(service, "spec", "type") != "ExternalName" and text_at(service, "spec", "clusterIP") != "None"


def _has_port(service: KubeObject, written: str) -> bool:
    return any(written in (str(port.get("port")), port.get("name")) for port in mappings_at(service, "spec", "ports"))
