# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend of a location: destination, protocol, connect timeout (semantics.md B.5, B.8, C.7). PRIVATE."""

from __future__ import annotations

from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._nginx.site import Problem, ServicePort, Upstream
from .context import Context
from .draft import Draft
from .generated import generated_answer

MESH_CONNECT_TIMEOUT = 5
"""Seconds to connect that ``istio_install`` sets for the mesh, for it is nginx's default."""

_HTTP2 = frozenset(("grpc", "grpc-web", "http2", "hbone"))


def backend(draft: Draft, context: Context) -> list[Finding]:
    """Lead the location to its Service, or answer as nginx does where there is none."""
    location = draft.location
    if draft.answered:
        return []
    upstream = location.upstream or context.site.default_upstream
    if upstream is None:
        draft.main = generated_answer(404)
        return []
    if upstream.port is not None:
        return _destination(draft, context, upstream, upstream.port)
    draft.main = generated_answer(503 if location.upstream else 404)
    if location.ingress is None:
        return []
    source = Source(location.ingress.key, field=f"path {location.rule_path}")
    service = f"{upstream.namespace}/{upstream.service}"
    if upstream.problem in (Problem.NO_SERVICE, Problem.NO_PORT):
        values = {"service": service, "port": upstream.written_port}
        return [finding("SERVICE-MISSING", source, host=draft.server.host, **values)]
    return [finding("EXTERNAL-NAME", source, host=draft.server.host, service=service)]


def _destination(draft: Draft, context: Context, upstream: Upstream, port: ServicePort) -> list[Finding]:
    policy = draft.location.policy
    protocol = policy.backend_protocol if draft.location.upstream else "HTTP"
    destination: dict[str, Any] = {
        "host": context.service_host(upstream.namespace, upstream.service),
        "port": {"number": port.number},
    }
    draft.main["route"] = [{"destination": destination}]
    settings = _settings(protocol, policy.timeouts.connect)
    found = _protocol_mismatch(draft, upstream, port, protocol)
    if settings:
        ported = {"portLevelSettings": [{"port": {"number": port.number}, **settings}]}
        draft.subset = destination["subset"] = context.subset(upstream, ported)
        found += _foreign_rule(draft, context, upstream)
    return found


def _protocol_mismatch(draft: Draft, upstream: Upstream, port: ServicePort, protocol: str) -> list[Finding]:
    if protocol not in ("HTTP", "HTTPS") or port.protocol not in _HTTP2 or draft.location.ingress is None:
        return []
    source = Source(draft.location.ingress.key, annotation="backend-protocol")
    values = {"service": f"{upstream.namespace}/{upstream.service}", "port": port.number, "declared": port.protocol}
    return [
        finding("PROTOCOL-MISMATCH", source, host=draft.server.host, protocol=f"{protocol} with HTTP/1.1", **values)
    ]


def _foreign_rule(draft: Draft, context: Context, upstream: Upstream) -> list[Finding]:
    place = (upstream.namespace, upstream.service)
    if place not in context.foreign_rules or draft.location.ingress is None:
        return []
    values = {"object": context.foreign_rules[place], "service": "/".join(place)}
    return [finding("DESTINATION-RULE-EXISTS", Source(draft.location.ingress.key), host=draft.server.host, **values)]


def _settings(protocol: str, connect_timeout: int) -> dict[str, Any]:
    """Return the traffic policy of one port, empty where the mesh's defaults do."""
    pool: dict[str, Any] = {}
    if connect_timeout != MESH_CONNECT_TIMEOUT:
        pool["tcp"] = {"connectTimeout": f"{connect_timeout}s"}
    if protocol in ("GRPC", "GRPCS"):
        pool["http"] = {"h2UpgradePolicy": "UPGRADE"}
    settings: dict[str, Any] = {"connectionPool": pool} if pool else {}
    if protocol in ("HTTPS", "GRPCS"):
        # nginx does not verify upstream certificates unless proxy-ssl-verify says so (semantics.md B.8).
        settings["tls"] = {"mode": "SIMPLE", "insecureSkipVerify": True}
    return settings
