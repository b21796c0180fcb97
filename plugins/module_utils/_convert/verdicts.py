# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host can move at all, before any of its routes are made. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.regex import UnsupportedPatternError
from .._kube.hosts import is_host
from .._kube.objects import ObjectKey
from .._nginx.catalogue import ANNOTATIONS
from .._nginx.ingress import Ingress
from .._nginx.locations import duplicate
from .._nginx.policy import Policy
from .._nginx.site import DEFAULT_SERVER, Server
from .registry import CARRIED
from .routing import is_plain_path, pattern_match
from .whole_host import alias_obstacles


def obstacles(server: Server, policies: Mapping[ObjectKey, Policy]) -> Iterator[Finding]:
    """Yield what keeps the host of ``server`` on nginx; ``policies`` are by Ingress."""
    reason = "" if server.host == DEFAULT_SERVER else _unroutable(server.host)
    if reason:
        yield finding("HOST-NOT-ROUTABLE", _first(server), host=server.host, reason=reason)
    yield from alias_obstacles(server)
    yield from _path_obstacles(server)
    for ingress in server.ingresses:
        policy = policies[ingress.key]
        # Of a canary nothing else counts, unless its backend was an ordinary one before (semantics.md B.1).
        if not policy.canary or _has_location(server, ingress):
            yield from _annotation_obstacles(ingress, policy, server.host)


def _has_location(server: Server, ingress: Ingress) -> bool:
    return any(location.ingress and location.ingress.key == ingress.key for location in server.locations)


def _annotation_obstacles(ingress: Ingress, policy: Policy, host: str) -> Iterator[Finding]:
    for name in sorted(policy.present - CARRIED):
        source = Source(ingress.key, annotation=name)
        loss = ANNOTATIONS[name].loss.value
        yield finding("ANNOTATION-NOT-CONVERTED", source, host=host, annotation=name, loss=loss)


def _path_obstacles(server: Server) -> Iterator[Finding]:
    if server.regex:
        yield from _pattern_obstacles(server)
        return
    twins = duplicate(server.locations)
    if twins:
        first, second = (location.rule_path for location in twins)
        yield finding("DUPLICATE-LOCATION", _first(server), host=server.host, first=first, second=second)
    for location in server.locations:
        if location.ingress and not is_plain_path(location.path):
            source = Source(location.ingress.key, field="spec.rules.http.paths.path")
            yield finding("PATH-NOT-PLAIN", source, host=server.host, path=repr(location.rule_path))


def _pattern_obstacles(server: Server) -> Iterator[Finding]:
    for location in server.locations:
        try:
            pattern_match(location.path)
        except UnsupportedPatternError as error:
            source = Source(location.ingress.key, field="path") if location.ingress else _first(server)
            values = {"path": repr(location.rule_path), "reason": str(error)}
            yield finding("PATTERN-NOT-CONVERTED", source, host=server.host, **values)


def _first(server: Server) -> Source:
    return Source(server.ingresses[0].key)


def _unroutable(host: str) -> str:
    """Return why Istio accepts no Gateway for ``host`` (semantics.md B.4, C.13), empty when it does."""
    if not is_host(host):
        return "it is no DNS name in lower case"
    labels = host.split(".")
    if labels[0] == "*" and len(labels) == 2:  # noqa: PLR2004 - the wildcard and a domain of one label
        return "its domain has only one label"
    return "its last label is a number" if labels[-1].isdigit() else ""
