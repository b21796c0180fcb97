# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From filled-in drafts to the objects of each unit. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._istio.ownership import Stamped, stamped
from .._istio.resources import envoy_filter, istio_object, route_patch
from .._kube.digests import canonical_json
from .._kube.names import generated_name
from .._kube.objects import KubeObject, ObjectKey
from .._nginx.own_locations import OWN_BODY_LIMIT
from .._nginx.site import DEFAULT_SERVER, Server, Site
from .._nginx.snippets.effect import server_block
from .._nginx.streams import Stream
from .body_size import BODY_SIZE, limit_of
from .connection import credential_name
from .context import Context
from .draft import Draft, ServiceHost
from .features import Feature
from .gateways import SHARED_UNIT, Credential, HostPlace, Layout, gateway_sources
from .host_routes import host_routes, redirects_with_port, shared_redirect
from .parity import parity_filter
from .passthrough import passthrough_routes
from .redirects import ROOT_SUFFIX, SAYS_PORT, WWW_SUFFIXES
from .routing import gateway_host
from .server_snippets import SERVER_SUFFIX, WRITTEN_SUFFIX
from .services import outside_objects
from .snippets import RESPONSE, response_config
from .streams import stream_objects

_FILTER_SIZE = 1_000_000
"""Characters of the patches of one EnvoyFilter; more are split, for an API server refuses objects over 1.5 MiB."""


@dataclass(frozen=True, slots=True)
class UnitResources:
    """What one unit needs on the gateway: its objects, and the Secrets to be copied."""

    unit: str
    stamped: list[Stamped]
    credentials: list[Credential]

    @property
    def objects(self) -> list[KubeObject]:
        """The objects with their marks."""
        return [item.obj for item in self.stamped]


class Assembly:
    """The objects of all hosts that move."""

    def __init__(
        self,
        context: Context,
        layout: Layout,
        places: Sequence[HostPlace],
        drafts: Mapping[str, list[Draft]],
        streams: Sequence[Stream] = (),
    ) -> None:
        self._context = context
        self._layout = layout
        self._places = places
        self._drafts = drafts
        self._streams = stream_objects(streams, context.options)
        self._by_unit: dict[str, list[HostPlace]] = {SHARED_UNIT: []} if places else {}
        for place in places:
            self._by_unit.setdefault(place.unit, []).append(place)
        self._credentials: dict[str, list[Credential]] = {}
        for credential in layout.credentials:
            self._credentials.setdefault(credential.unit, []).append(credential)

    def units(self) -> Iterator[UnitResources]:
        """Yield the resources of every unit that has any, the shared ones first."""
        return map(self.unit, self.unit_names())

    def unit_names(self) -> list[str]:
        """Return the units that have resources, the shared ones first."""
        return sorted(self._by_unit, key=lambda name: (name != SHARED_UNIT, name))

    def unit(self, name: str) -> UnitResources:
        """Return the resources of one unit."""
        places = self._by_unit[name]
        made = [self._parity(), *self._outside(), *self._tcp()] if name == SHARED_UNIT else []
        made += [self._virtual_service(place) for place in places]
        made += self._destination_rules(name, places)
        made += self._route_filters(name, places)
        return UnitResources(name, made + self._gateways(name), self._secrets(name, places))

    def _parity(self) -> Stamped:
        drafts = [draft for place in self._places for draft in self._drafts_of(place)]
        features = {feature for draft in drafts for __, filters in draft.filtered_routes() for feature in filters}
        features |= {feature for draft in drafts for feature in draft.everywhere} | {BODY_SIZE}
        features |= {RESPONSE} if self._context.site.settings.http_block.changes_response else set()
        rates = [rate for draft in drafts for rate in draft.rates]
        obj = parity_filter(self._context.site.settings, features, rates, self._context.options)
        return stamped(obj, SHARED_UNIT, ())

    def _outside(self) -> Iterator[Stamped]:
        """Yield what makes the services outside of the cluster known, which routes of several units may ask."""
        services = {item for place in self._places for draft in self._drafts_of(place) for item in draft.outside}
        for obj in outside_objects(services, self._context.options):
            yield stamped(obj, SHARED_UNIT, ())

    def _tcp(self) -> Iterator[Stamped]:
        for obj in self._streams:
            yield stamped(obj, SHARED_UNIT, ())

    def _drafts_of(self, place: HostPlace) -> list[Draft]:
        return self._drafts[place.server.host]

    def _gateways(self, unit: str) -> list[Stamped]:
        servers = self._context.site.servers
        return [stamped(obj, unit, gateway_sources(obj, servers)) for obj in self._layout.gateways.get(unit, ())]

    def _secrets(self, unit: str, places: Iterable[HostPlace]) -> list[Credential]:
        shown = {secret for place in places for draft in self._drafts_of(place) for secret in draft.secrets}
        upstream = [Credential(credential_name(item), unit, item, trust=True) for item in sorted(shown)]
        return self._credentials.get(unit, []) + upstream

    def _virtual_service(self, place: HostPlace) -> Stamped:
        server, gateway_namespace = place.server, self._context.options.gateway_namespace
        spec = {
            "hosts": [gateway_host(server.host)],
            "gateways": self._layout.bindings[server.host],
            "exportTo": ["." if place.namespace == gateway_namespace else gateway_namespace],
            "http": list(host_routes(server, self._drafts_of(place), self._context)),
        }
        passed = passthrough_routes(server, self._context)
        if passed:
            spec["tls"] = passed
        name = generated_name(_label(server.host), identity=("host", server.host))
        return stamped(istio_object("VirtualService", place.namespace, name, spec), place.unit, _sources([server]))

    def _destination_rules(self, unit: str, places: Iterable[HostPlace]) -> Iterator[Stamped]:
        """Yield one rule for each Service whose subsets the routes of ``places`` name.

        Those of hosts outside of the cluster are shared by all units.
        """
        subsets: dict[ServiceHost, set[str]] = {}
        sources: dict[ServiceHost, set[ObjectKey]] = {}
        for place in self._places if unit == SHARED_UNIT else places:
            for draft in self._drafts_of(place):
                for service, named in draft.subsets.items():
                    if service.outside != (unit == SHARED_UNIT) and place.unit != SHARED_UNIT:
                        continue
                    subsets.setdefault(service, set()).update(named)
                    if draft.location.ingress:
                        sources.setdefault(service, set()).add(draft.location.ingress.key)
        for service, names in sorted(subsets.items()):
            policies = self._context.subsets[service]
            spec = {
                "host": service.host,
                "exportTo": ["."] if service.outside else [self._context.options.gateway_namespace],
                "subsets": [{"name": name, **policies[name]} for name in sorted(names)],
            }
            # Rules of several units for one Service are joined by istiod; each needs a name of its own.
            identity = ("service", service.host, *([unit] if service.borrowed else []))
            name = generated_name(service.host.partition(".")[0], identity=identity)
            rule = istio_object("DestinationRule", service.namespace, name, spec)
            yield stamped(rule, unit, sources.get(service, ()))

    def _route_filters(self, unit: str, places: Sequence[HostPlace]) -> Iterator[Stamped]:
        """Yield the EnvoyFilters of a unit, one purpose each, for what a VirtualService cannot say."""
        patches: dict[str, list[dict[str, Any]]] = {}
        for place in places:
            drafts = self._drafts_of(place)
            for draft in drafts:
                for purpose, value in draft.patches.items():
                    patches.setdefault(purpose, []).extend(route_patch(name, value) for name in draft.main_names())
                for name, filters in draft.filtered_routes():
                    _add_filters(patches, name, filters)
            for name in redirects_with_port(place.server, drafts):
                patches.setdefault("redirect-port", []).append(route_patch(name, SAYS_PORT))
            for name, filters in _filters_everywhere(self._context.site, place.server, drafts):
                _add_filters(patches, name, filters)
        if self._layout.chains.get(unit):
            patches["i2i.client-certificates"] = self._layout.chains[unit]
        options = self._context.options
        sources = _sources([place.server for place in places])
        for purpose, found in sorted(patches.items()):
            for part, chunk in enumerate(_chunks(found)):
                own_name = generated_name(purpose, unit, *([str(part)] if part else []))
                obj = envoy_filter(options.gateway_namespace, own_name, options.gateway_selector, chunk)
                yield stamped(obj, unit, sources)


def _add_filters(
    patches: dict[str, list[dict[str, Any]]], name: str, filters: Mapping[Feature, Mapping[str, Any]]
) -> None:
    for feature, config in filters.items():
        patch = route_patch(name, {"typed_per_filter_config": {feature.name: config}})
        patches.setdefault(feature.name, []).append(patch)


def _filters_everywhere(
    site: Site, server: Server, drafts: Sequence[Draft]
) -> Iterator[tuple[str, Mapping[Feature, Mapping[str, Any]]]]:
    """Yield what all routes of a host are configured with, be they answers of the gateway itself."""
    unlimited: dict[Feature, Mapping[str, Any]] = {BODY_SIZE: limit_of(0)}
    if server.redirects_to:
        block = server_block(site, server)
        changed = {RESPONSE: response_config((), block, {})} if block.changes_response else {}
        # Servers of the other name answer before they look at the size of a body.
        yield from ((server.host + suffix, {**unlimited, **changed}) for suffix in WWW_SUFFIXES)
        return
    if drafts and drafts[0].everywhere:
        yield shared_redirect(server), drafts[0].everywhere
    for draft in drafts:
        for name in draft.names():
            limit = _limit_of_step(name.removeprefix(draft.name))
            filters = {**draft.everywhere, BODY_SIZE: limit_of(limit)} if limit is not None else draft.everywhere
            if filters:
                yield name, filters


def _limit_of_step(suffix: str) -> int | None:
    """Return the size of bodies that a route of its own takes, 0 for any; None for that of its location.

    nginx looks at the size when it has a location, and its own locations have the limit of nginx itself.
    """
    if suffix == ROOT_SUFFIX or suffix.startswith(SERVER_SUFFIX):
        return 0
    return OWN_BODY_LIMIT if suffix.startswith(WRITTEN_SUFFIX) else None


def _chunks(patches: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    size = 0
    for patch in patches:
        length = len(canonical_json(patch))
        if chunk and size + length > _FILTER_SIZE:
            yield chunk
            chunk, size = [], 0
        chunk.append(patch)
        size += length
    if chunk:
        yield chunk


def _label(host: str) -> str:
    return "default-server" if host == DEFAULT_SERVER else host


def _sources(servers: Iterable[Server]) -> set[ObjectKey]:
    return {ingress.key for server in servers for ingress in server.ingresses}
