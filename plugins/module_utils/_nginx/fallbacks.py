# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Default backends of single Ingresses (semantics.md A.4 124, B.5). PRIVATE to the collection.

Source: ingress-nginx ``internal/ingress/controller/controller.go`` getBackendServers: the Service stands in for a
backend without endpoints, and gives the error pages of the locations that list statuses; it needs an endpoint itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._kube.objects import KubeObject, mappings_at
from .ingress import Backend
from .site import Location, Problem, Server, Upstream
from .upstreams import Upstreams


def use_fallbacks(
    servers: Iterable[Server], services: Mapping[tuple[str, str], KubeObject], upstreams: Upstreams
) -> None:
    """Give the locations of ``servers`` the default backends that their Ingresses name."""
    for server in servers:
        for location in server.locations:
            if location.ingress and location.upstream and location.policy.errors.backend:
                _use(location, _first_port(location, services, upstreams))


def _first_port(
    location: Location, services: Mapping[tuple[str, str], KubeObject], upstreams: Upstreams
) -> Upstream | None:
    namespace = location.ingress.namespace if location.ingress else ""
    name = location.policy.errors.backend
    service = services.get((namespace, name))
    ports = mappings_at(service, "spec", "ports") if service else []
    if not ports:
        return None
    fallback = upstreams.get(namespace, Backend(name, ports[0].get("port", 0)))
    return fallback if fallback.problem is Problem.NONE and fallback.port else None


def _use(location: Location, fallback: Upstream | None) -> None:
    if fallback is None:
        return
    location.fallback = fallback
    if location.upstream and location.upstream.problem not in (Problem.NONE, Problem.UNREACHABLE):
        location.replaced, location.upstream = location.upstream, fallback
