# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP services on the gateway (semantics.md B.20; C.3). PRIVATE to the collection.

They have no host, so no wave moves them: the gateway serves them from the first wave on, and clients move by address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.resources import istio_object, tcp_server
from .._kube.objects import KubeObject
from .._nginx.streams import TCP, Stream
from .options import Options

NAME = "tcp-services"


def served_streams(streams: Iterable[Stream]) -> list[Stream]:
    """Return the services that a gateway can serve as nginx does."""
    return [item for item in streams if item.protocol == TCP and not _obstacle(item)]


def stream_findings(streams: Iterable[Stream]) -> Iterator[Finding]:
    """Yield what becomes of each TCP or UDP service."""
    for item in streams:
        source = Source(item.source, field=f"data.{item.key}")
        values = {"port": item.key, "backend": repr(item.written)}
        if item.problem:
            yield finding("STREAM-NOT-SERVED", source, reason=item.problem, **values)
        elif _obstacle(item):
            yield finding("STREAM-NOT-CONVERTED", source, reason=_obstacle(item), **values)
        else:
            yield finding("TCP-SERVICE", source, **values)


_OWN_PORTS = range(15000, 15100)
"""Ports of Envoy and of the agent beside it, in each gateway Pod."""


def _obstacle(stream: Stream) -> str:
    if stream.problem:
        return stream.problem
    if stream.protocol != TCP:
        return "a Gateway has no UDP servers"
    if stream.port in _OWN_PORTS:
        return "the port is one of the gateway's own"
    if stream.reads_proxy:
        return "a gateway expects PROXY protocol headers on all of its ports or on none"
    return "its backend expects PROXY protocol headers" if stream.sends_proxy else ""


def stream_objects(streams: Sequence[Stream], options: Options) -> list[KubeObject]:
    """Return the Gateway and the VirtualService of ``streams``, which :func:`served_streams` gave, if there are any."""
    if not streams:
        return []
    namespace = options.gateway_namespace
    servers = [tcp_server(item.port) for item in streams]
    gateway = istio_object("Gateway", namespace, NAME, {"selector": dict(options.gateway_selector), "servers": servers})
    routes = [_route(item, options.cluster_domain) for item in streams]
    spec = {"hosts": ["*"], "gateways": [f"{namespace}/{NAME}"], "exportTo": ["."], "tcp": routes}
    return [istio_object("VirtualService", namespace, NAME, spec), gateway]


def _route(stream: Stream, domain: str) -> dict[str, object]:
    host = f"{stream.service}.{stream.namespace}.svc.{domain}"
    destination = {"host": host, "port": {"number": stream.number}}
    return {"match": [{"port": stream.port}], "route": [{"destination": destination}]}
