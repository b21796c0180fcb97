# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backends of a location: destinations, subsets, weights (semantics.md B.5, B.8, B.10, C.6, C.7). PRIVATE."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.resources import HTTP_PORT
from .._nginx.site import Problem, ServicePort, Upstream
from .._nginx.upstreams import cluster_service
from .canary import Choice, Share, UnroutableCanaryError, alternative_of, choices
from .connection import connection_settings, protocol_of, upstream_tls
from .context import Context
from .draft import Draft, ServiceHost, Variant
from .generated import generated_answer
from .services import OutsideService
from .session import further_hashes, load_balancer, session_findings

_HTTP2 = frozenset(("grpc", "grpc-web", "http2", "hbone"))


def backend(draft: Draft, context: Context) -> list[Finding]:
    """Lead the location to its backends, or answer as nginx does where there is none."""
    location = draft.location
    if draft.answered:
        return []
    upstream = location.upstream or context.site.default_upstream
    if upstream is None:
        draft.main = generated_answer(404)
        return []
    unreachable = upstream.problem is Problem.UNREACHABLE
    if upstream.port is not None and not unreachable:
        return list(_routed(draft, context, upstream))
    draft.main = generated_answer(502 if unreachable else 503 if location.upstream else 404)
    if location.ingress is None:
        return []
    source = Source(location.ingress.key, field=f"path {location.rule_path}")
    service = f"{upstream.namespace}/{upstream.service}"
    if upstream.problem in (Problem.NO_SERVICE, Problem.NO_PORT, Problem.UNREACHABLE):
        values = {"service": service, "port": upstream.written_port}
        code = "SERVICE-UNREACHABLE" if unreachable else "SERVICE-MISSING"
        return [finding(code, source, host=draft.server.host, **values)]
    return [finding("EXTERNAL-NAME-REFUSED", source, host=draft.server.host, service=service)]


def _routed(draft: Draft, context: Context, upstream: Upstream) -> Iterator[Finding]:
    """Fill in the routes to the backends, one for each choice and, where it matters, for each scheme of clients."""
    try:
        found = choices(upstream)
    except UnroutableCanaryError as error:
        ingress = upstream.alternative.ingress if upstream.alternative else draft.location.ingress
        if ingress:
            source = Source(ingress.key, annotation="canary")
            yield finding("CANARY-NOT-CONVERTED", source, host=draft.server.host, reason=str(error))
        return
    redirected = any(step.to_https for step in draft.steps)
    variants: list[Variant] = []
    for choice in found:
        secure = _destinations(draft, context, choice, "https")
        plain = secure if redirected else _destinations(draft, context, choice, "http")
        if plain != secure:
            conditions = {**choice.conditions, "port": HTTP_PORT}
            variants.append(Variant(f"{choice.suffix}/http", conditions, {"route": plain}))
        if choice.conditions:
            variants.append(Variant(choice.suffix, choice.conditions, {"route": secure}))
        else:
            draft.main["route"] = secure
    hashes = further_hashes(upstream)
    if hashes:
        draft.patches["hash-policy"] = {"route": {"hash_policy": hashes}}
    draft.choose(variants)
    yield from _findings(draft, context, upstream)


def _destinations(draft: Draft, context: Context, choice: Choice, scheme: str) -> list[dict[str, Any]]:
    entries = [_entry(draft, context, share, scheme) for share in choice.shares]
    if len(entries) == 1:
        return entries
    return [{**entry, "weight": share.weight} for entry, share in zip(entries, choice.shares, strict=True)]


def _entry(draft: Draft, context: Context, share: Share, scheme: str) -> dict[str, Any]:
    upstream, location = share.upstream, draft.location
    number = upstream.port.number if upstream.port else 0
    place = service_host(upstream, context)
    destination: dict[str, Any] = {"host": place.host, "port": {"number": number}}
    if place.outside:
        # TLS towards it is the business of the subset.
        draft.outside.add(OutsideService(place.host, number, tls=False))
    protocol = protocol_of(location.policy, scheme) if location.upstream else "HTTP"
    settings = connection_settings(draft, protocol)
    balancer = load_balancer(upstream, draft.server, location, scheme)
    if balancer:
        settings["loadBalancer"] = balancer
    if "credentialName" in settings.get("tls", ()):
        tls = upstream_tls(draft)
        draft.secrets.update([tls.secret] if tls else [])
    if settings:
        ported = {"portLevelSettings": [{"port": {"number": number}, **settings}]}
        destination["subset"] = context.subset(draft, place, ported)
    return {"destination": destination}


def service_host(upstream: Upstream, context: Context) -> ServiceHost:
    """Return the Service of an upstream as routes name it: that of an external name is the name itself."""
    if not upstream.external_name:
        host = context.service_host(upstream.namespace, upstream.service)
        return ServiceHost(upstream.namespace, host)
    alias = cluster_service(upstream.external_name)
    if alias:
        home = context.place_for(*alias)
        return ServiceHost(home, context.service_host(*alias), borrowed=alias[0] != upstream.namespace)
    # What is outside belongs to no namespace: all units share its objects.
    return ServiceHost(context.options.gateway_namespace, upstream.external_name.removesuffix("."), outside=True)


def _findings(draft: Draft, context: Context, upstream: Upstream) -> Iterator[Finding]:
    alternative = alternative_of(upstream)
    for item in (upstream, alternative):
        if item and item.port:
            yield from _protocol_mismatch(draft, item, item.port)
            yield from session_findings(draft, item)
            yield from _external_address(draft, item)
    yield from _connection_findings(draft, upstream)
    for place in draft.subsets:
        yield from _foreign_rule(draft, context, place)
    yield from _canary_findings(draft, upstream)


def _canary_findings(draft: Draft, upstream: Upstream) -> Iterator[Finding]:
    if upstream.alternative is None or upstream.alternative.upstream.canary is None:
        return
    source, host = Source(upstream.alternative.ingress.key, annotation="canary"), draft.server.host
    canary = upstream.alternative.upstream
    values = {"canary": f"{canary.namespace}/{canary.service}"}
    if alternative_of(upstream) is None:
        idle = canary if canary.problem is not Problem.NONE else upstream
        service, reason = f"{idle.namespace}/{idle.service}", idle.problem.value
        yield finding("CANARY-WITHOUT-ENDPOINTS", source, host=host, service=service, reason=reason, **values)
        return
    yield finding("CANARY-NO-FALLBACK", source, host=host, **values)
    if upstream.affinity.cookie and upstream.alternative.upstream.affinity.cookie:
        yield finding("CANARY-NOT-STICKY", source, host=host)


def _connection_findings(draft: Draft, upstream: Upstream) -> Iterator[Finding]:
    location, host = draft.location, draft.server.host
    if location.ingress is None or location.upstream is None:
        return
    source, policy = Source(location.ingress.key), location.policy
    if policy.backend_protocol == "FCGI":
        yield finding("FASTCGI-BACKEND", Source(location.ingress.key, annotation="backend-protocol"), host=host)
    if policy.connection.http_version == "1.0":
        yield finding("UPSTREAM-HTTP-1-0", source, host=host)
    if policy.next_upstream.window:
        yield finding("RETRY-WINDOW-DROPPED", source, host=host, seconds=policy.next_upstream.window)
    balance = upstream.connection.load_balance
    if balance.startswith(("chash", "sticky")) and not (upstream.affinity.cookie or upstream.connection.hash_by):
        yield finding("LOAD-BALANCE-BROKEN", Source(location.ingress.key), host=host, algorithm=balance)
    tuned = sorted(policy.present & _TLS_TUNING)
    if tuned and upstream_tls(draft):
        yield finding("UPSTREAM-TLS-TUNING", source, host=host, annotations=", ".join(tuned))


_TLS_TUNING = frozenset(("proxy-ssl-protocols", "proxy-ssl-ciphers", "proxy-ssl-verify-depth"))


def _external_address(draft: Draft, upstream: Upstream) -> Iterator[Finding]:
    if not upstream.external_name:
        return
    try:
        ipaddress.ip_address(upstream.external_name)
    except ValueError:
        return
    if draft.location.ingress:
        source = Source(draft.location.ingress.key)
        values = {"service": f"{upstream.namespace}/{upstream.service}", "address": upstream.external_name}
        yield finding("EXTERNAL-NAME", source, host=draft.server.host, **values)


def _protocol_mismatch(draft: Draft, upstream: Upstream, port: ServicePort) -> Iterator[Finding]:
    policy = draft.location.policy
    protocol = policy.backend_protocol if draft.location.upstream else "HTTP"
    if protocol not in ("HTTP", "HTTPS", "AUTO_HTTP") or port.protocol not in _HTTP2 or draft.location.ingress is None:
        return
    source = Source(draft.location.ingress.key, annotation="backend-protocol")
    values = {"service": f"{upstream.namespace}/{upstream.service}", "port": port.number, "declared": port.protocol}
    yield finding("PROTOCOL-MISMATCH", source, host=draft.server.host, protocol=f"{protocol} with HTTP/1.1", **values)


def _foreign_rule(draft: Draft, context: Context, place: ServiceHost) -> Iterator[Finding]:
    if place.host not in context.foreign_rules or draft.location.ingress is None:
        return
    values = {"object": context.foreign_rules[place.host], "service": place.host}
    yield finding("DESTINATION-RULE-EXISTS", Source(draft.location.ingress.key), host=draft.server.host, **values)
