# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The draft of one location's routes, which the families fill in. PRIVATE to the collection.

A location becomes an ordered run of VirtualService routes: first what nginx answers itself, in the order of its
phases (semantics.md 0.5), then the route to the backend. Envoy takes the first route that matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._istio.resources import HTTP_PORT
from .._kube.objects import ObjectKey
from .._nginx.site import Location, Server
from .features import Feature
from .rate_filter import Rate
from .services import OutsideService

Match = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class ServiceHost:
    """A Service as routes name it: its full host name, and the namespace in which its DestinationRule counts.

    ``borrowed`` tells that an ExternalName of another namespace leads there, ``outside`` that it is not in the cluster.
    """

    namespace: str
    host: str
    borrowed: bool = False
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """A condition under which a route differs: extra match fields, changed route fields, response headers, filters."""

    suffix: str = ""
    conditions: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    response_set: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[Feature, Mapping[str, Any]] = field(default_factory=dict)

    def narrowed(self, other: Variant) -> Variant:
        """Return this variant under the conditions of ``other`` as well."""
        if self is ORDINARY:
            return other
        return Variant(
            self.suffix + other.suffix,
            join_conditions(self.conditions, other.conditions),
            {**self.changes, **other.changes},
            {**self.response_set, **other.response_set},
            {**self.filters, **other.filters} if other.filters else self.filters,
        )


ORDINARY = Variant()
"""The variant without conditions that changes nothing."""

_OVER_HTTP = Variant("/https", {"port": HTTP_PORT})


@dataclass(frozen=True, slots=True)
class Step:
    """One answer that the gateway gives itself: ``action`` is a ``redirect`` or ``directResponse``.

    ``matches`` replaces the location's own path conditions where an answer is for other paths; ``to_https`` marks the
    redirect to https, which one route can give for a whole host.
    """

    variant: Variant
    action: Mapping[str, Any]
    matches: tuple[Match, ...] | None = None
    to_https: bool = False


@dataclass(slots=True)
class Draft:
    """One location in the making.

    ``name`` is the Envoy route name (unique in the gateway); ``matches`` are the alternative path conditions, each
    with ``guard``, which keeps requests for other hosts out. ``main`` holds the fields of the last route,
    ``variants`` how it differs, the most specific first. ``layers`` are variants that answers of the gateway itself
    are subject to, too. ``subsets`` are the subsets that the routes name, by the place and host of their Service;
    ``secrets`` are those that the gateway shows to backends.
    ``answered`` tells that nginx answers before it asks who is there or for a backend.
    ``filters`` (feature → per-route configuration) and ``patches`` (purpose → what is merged into the Envoy routes)
    hold what a VirtualService cannot express, for the last routes; ``everywhere`` are filters of all routes.
    ``rates`` count the requests; ``outside`` are services outside of the cluster that the routes ask.
    """

    server: Server
    location: Location
    name: str
    guard: Match
    matches: list[Match]
    steps: list[Step] = field(default_factory=list)
    layers: list[Variant] = field(default_factory=list)
    main: dict[str, Any] = field(default_factory=dict)
    variants: list[Variant] = field(default_factory=lambda: [ORDINARY])
    subsets: dict[ServiceHost, set[str]] = field(default_factory=dict)
    secrets: set[tuple[str, str]] = field(default_factory=set)
    answered: bool = False
    everywhere: dict[Feature, Mapping[str, Any]] = field(default_factory=dict)
    filters: dict[Feature, Mapping[str, Any]] = field(default_factory=dict)
    rates: list[Rate] = field(default_factory=list)
    patches: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    outside: set[OutsideService] = field(default_factory=set)

    @property
    def owner(self) -> ObjectKey:
        """The Ingress that a finding about this location names: its own, else the oldest of the host."""
        ingress = self.location.ingress or next(iter(self.server.ingresses), None)
        return ingress.key if ingress else ObjectKey("Cluster", "", "")

    @property
    def redirects(self) -> bool:
        """Whether all http requests of the location are redirected to https."""
        return any(step.to_https for step in self.steps)

    def redirect_to_https(self, action: Mapping[str, Any]) -> None:
        """Add the redirect of http requests, once for each layer and once plain."""
        self.steps += [Step(_OVER_HTTP.narrowed(layer), action, to_https=True) for layer in self.layers]
        if all(layer.conditions for layer in self.layers):
            self.steps.append(Step(_OVER_HTTP, action, to_https=True))

    def set_request_header(self, name: str, value: str) -> None:
        """Set a header of the requests to the backend; ``value`` is a format string, empty removes the header."""
        changes = self.main.setdefault("headers", {}).setdefault("request", {})
        if value:
            changes.setdefault("set", {})[name] = value
        else:
            changes.setdefault("remove", []).append(name)

    def set_response_header(self, name: str, value: str) -> None:
        """Set a header of the last routes' responses; ``value`` is a format string, empty removes the header."""
        changes = self.main.setdefault("headers", {}).setdefault("response", {})
        if value:
            changes.setdefault("set", {})[name] = value
        else:
            changes.setdefault("remove", []).append(name)

    def split(self, variant: Variant) -> None:
        """Let the main route differ under the conditions of ``variant``; without conditions it always does."""
        narrowed = [existing.narrowed(variant) for existing in self.variants]
        self.variants = narrowed + self.variants if variant.conditions else narrowed

    def choose(self, variants: Sequence[Variant]) -> None:
        """Let the first of ``variants`` whose conditions hold decide how the main route differs; else it stays."""
        chosen = [existing.narrowed(variant) for variant in variants for existing in self.variants]
        self.variants = chosen + self.variants

    def step_routes(self) -> Iterator[dict[str, Any]]:
        """Yield the gateway's own answers as VirtualService ``http`` entries."""
        for step in self.steps:
            matches = self.matches if step.matches is None else step.matches
            yield self._route(step.variant, matches, step.action)

    def main_routes(self) -> Iterator[dict[str, Any]]:
        """Yield the last routes as VirtualService ``http`` entries."""
        for variant in self.variants:
            yield self._route(variant, self.matches, {**self.main, **variant.changes} if variant.changes else self.main)

    def main_names(self) -> list[str]:
        """Return the names of the last routes."""
        return [self.name + variant.suffix for variant in self.variants]

    def names(self) -> list[str]:
        """Return the names of all routes."""
        return [self.name + step.variant.suffix for step in self.steps] + self.main_names()

    def filtered_routes(self) -> Iterator[tuple[str, Mapping[Feature, Mapping[str, Any]]]]:
        """Yield the name of each route that needs filters with them."""
        for step in self.steps:
            if step.variant.filters:
                yield self.name + step.variant.suffix, step.variant.filters
        for variant in self.variants:
            if self.filters or variant.filters:
                yield self.name + variant.suffix, {**self.filters, **variant.filters}

    def _route(self, variant: Variant, matches: Iterable[Match], action: Mapping[str, Any]) -> dict[str, Any]:
        route: dict[str, Any] = {
            "name": self.name + variant.suffix,
            "match": [join_conditions(match, variant.conditions) for match in matches],
            **action,
        }
        if variant.response_set:
            headers = {**route.get("headers", {})}
            response = headers.get("response", {})
            headers["response"] = {**response, "set": {**response.get("set", {}), **variant.response_set}}
            route["headers"] = headers
        return route


def join_conditions(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return both sets of match fields as one; header conditions are joined."""
    if not second:
        return {**first}
    joined = {**first, **second}
    for field_name in ("headers", "withoutHeaders"):
        if field_name in first and field_name in second:
            joined[field_name] = {**first[field_name], **second[field_name]}
    return joined
