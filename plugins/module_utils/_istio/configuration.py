# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gateway makes of Istio objects: listeners, virtual hosts, routes (semantics.md C.1 to C.3). PRIVATE.

This is the second witness' reading of the objects, as istiod translates them for Envoy. It knows what the collection
emits, and refuses what it does not know, rather than to be wrong about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._kube.hosts import is_wildcard
from .._kube.objects import KubeObject, key_of
from .resources import HTTP_PORT

_CONDITIONS = frozenset(("uri", "authority", "method", "headers", "withoutHeaders", "port", "queryParams", "scheme"))


class UnknownConfigurationError(ValueError):
    """The witness does not know something that the objects use; ``str()`` names it."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One string condition: exact, prefix, or a regular expression for the whole text."""

    exact: str | None = None
    prefix: str | None = None
    regex: re.Pattern[str] | None = None
    ignore_case: bool = False

    def takes(self, text: str) -> bool:
        """Tell whether ``text`` fulfils the condition."""
        if self.regex is not None:
            return self.regex.fullmatch(text) is not None
        value = text.lower() if self.ignore_case else text
        if self.exact is not None:
            return value == self.exact
        return value.startswith(self.prefix or "")


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """All conditions of one ``match`` entry."""

    path: Matcher
    port: int | None = None
    method: Matcher | None = None
    authority: Matcher | None = None
    scheme: Matcher | None = None
    headers: tuple[tuple[str, Matcher], ...] = ()
    without: tuple[tuple[str, Matcher], ...] = ()
    query: tuple[tuple[str, Matcher], ...] = ()

    @property
    def is_catch_all(self) -> bool:
        """Whether istiod sorts the route behind all others: it takes every path, without another condition."""
        plain = not (self.method or self.authority or self.scheme or self.headers or self.without or self.query)
        return plain and self.path.prefix == "/"


@dataclass(frozen=True, slots=True)
class Route:
    """One Envoy route: a match, and the VirtualService entry that says what to do; ``filters`` are per-route."""

    name: str
    match: RouteMatch
    action: Mapping[str, Any]
    patch: Mapping[str, Any]


@dataclass(slots=True)
class Server:
    """One server of a gateway port: the names it is chosen by, its certificate, and its virtual hosts by domain.

    ``asks`` is ``on`` or ``optional`` where clients are asked for certificates, ``depth`` how long their chains may be.
    """

    port: int
    names: tuple[str, ...]
    credential: str
    asks: str = ""
    depth: int = 0
    virtual_hosts: dict[str, list[Route]] = field(default_factory=dict)


@dataclass(slots=True)
class Configuration:
    """A compiled gateway.

    ``http`` is the one server of the http port; ``tls`` are the https servers; ``connection_manager`` holds merged
    settings; ``route_headers`` are by port what the route configuration adds and removes; ``filters`` are the names of
    our HTTP filters, in the order in which requests pass them; ``idle`` are Services without a ready endpoint;
    ``programs`` are the Lua texts of filters that run one; ``outside`` are services outside of the cluster by name and
    port, with the scheme that is spoken to them; ``policies`` are the traffic policies of subsets by host and name;
    ``filter_settings`` are the settings of each filter where no route has its own; ``passed`` are destinations of TLS
    connections that stay closed, by the name in the handshake.
    """

    http: Server
    tls: list[Server]
    connection_manager: dict[str, Any]
    route_headers: dict[int, dict[str, Any]]
    filters: tuple[str, ...] = ()
    idle: frozenset[tuple[str, str]] = frozenset()
    programs: Mapping[str, str] = field(default_factory=dict)
    outside: Mapping[tuple[str, int], str] = field(default_factory=dict)
    policies: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    filter_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    passed: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def compile_configuration(
    objects: Iterable[KubeObject], idle: frozenset[tuple[str, str]] = frozenset()
) -> Configuration:
    """Return what a gateway makes of ``objects``, where the Services ``idle`` have no ready endpoint.

    Raises UnknownConfigurationError.
    """
    by_kind: dict[str, list[KubeObject]] = {}
    for obj in objects:
        by_kind.setdefault(obj["kind"], []).append(obj)
    patches = _Patches(by_kind.get("EnvoyFilter", ()))
    compiled = Configuration(
        Server(HTTP_PORT, ("*",), ""),
        [],
        patches.connection_manager,
        patches.route_headers,
        tuple(patches.filters),
        idle,
        patches.programs,
        dict(_outside(by_kind)),
        dict(_policies(by_kind.get("DestinationRule", ()))),
        patches.filter_settings,
    )
    services = by_kind.get("VirtualService", [])
    bound: dict[str, list[KubeObject]] = {}
    for service in services:
        for name in service["spec"]["gateways"]:
            bound.setdefault(name, []).append(service)
    translated = {id(service): list(_routes(service, patches)) for service in services}
    for gateway in sorted(by_kind.get("Gateway", ()), key=key_of):
        key = key_of(gateway)
        for spec in gateway["spec"]["servers"]:
            if spec["port"]["protocol"] == "TCP":
                continue
            if spec.get("tls", {}).get("mode") == "PASSTHROUGH":
                for service in bound.get(f"{key.namespace}/{key.name}", ()):
                    compiled.passed.update(_passed(spec, service))
                continue
            server = _server(spec, compiled, patches.depths)
            for service in bound.get(f"{key.namespace}/{key.name}", ()):
                _attach(server, spec["hosts"], service, translated[id(service)])
    for server in (compiled.http, *compiled.tls):
        for domain, routes in server.virtual_hosts.items():
            # istiod puts catch-alls behind everything else; two of them keep their order (semantics.md C.1).
            server.virtual_hosts[domain] = sorted(routes, key=lambda route: route.match.is_catch_all)
    return compiled


def _policies(rules: Iterable[KubeObject]) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    for rule in rules:
        for subset in rule["spec"].get("subsets", ()):
            yield (rule["spec"]["host"], subset["name"]), subset["trafficPolicy"]


class _Patches:
    """What EnvoyFilters add to Envoy's configuration."""

    def __init__(self, filters: Iterable[KubeObject]) -> None:
        self.connection_manager: dict[str, Any] = {}
        self.route_headers: dict[int, dict[str, Any]] = {}
        self.routes: dict[str, dict[str, Any]] = {}
        self.filters: list[str] = []
        self.programs: dict[str, str] = {}
        self.depths: dict[str, int] = {}
        self.filter_settings: dict[str, dict[str, Any]] = {}
        ordered = sorted(filters, key=lambda obj: (obj["spec"].get("priority", 0), key_of(obj)))
        for obj in ordered:
            for patch in obj["spec"]["configPatches"]:
                self._add(patch["applyTo"], patch["match"], patch["patch"]["value"])

    def _add(self, target: str, match: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        if target == "NETWORK_FILTER":
            self.connection_manager |= value["typed_config"]
        elif target == "ROUTE_CONFIGURATION":
            self.route_headers[match["routeConfiguration"]["portNumber"]] = dict(value)
        elif target == "HTTP_ROUTE":
            name = match["routeConfiguration"]["vhost"]["route"]["name"]
            known = self.routes.setdefault(name, {})
            for section, content in value.items():
                known[section] = {**known.get(section, {}), **content}
        elif target == "FILTER_CHAIN":
            context = value["transport_socket"]["typed_config"]["common_tls_context"]["combined_validation_context"]
            depth = context["default_validation_context"]["max_verify_depth"]
            self.depths[match["listener"]["filterChain"]["sni"]] = depth
        elif target == "HTTP_FILTER":
            self.filters.append(value["name"])
            program = value["typed_config"].get("default_source_code")
            if program:
                self.programs[value["name"]] = program["inline_string"]
            self.filter_settings[value["name"]] = dict(value["typed_config"])
        else:
            raise UnknownConfigurationError(f"EnvoyFilter patch of {target}")


def _outside(by_kind: Mapping[str, list[KubeObject]]) -> Iterator[tuple[tuple[str, int], str]]:
    """Yield the services that ServiceEntries make known, and how the gateway speaks to each."""
    tls = {
        (obj["spec"]["host"], entry["port"]["number"])
        for obj in by_kind.get("DestinationRule", ())
        for entry in obj["spec"].get("trafficPolicy", {}).get("portLevelSettings", ())
        if entry.get("tls")
    }
    for obj in by_kind.get("ServiceEntry", ()):
        for host in obj["spec"]["hosts"]:
            for port in obj["spec"]["ports"]:
                place = (host, port["number"])
                yield place, "https" if place in tls else "http"


_ASKS = {"SIMPLE": "", "MUTUAL": "on", "OPTIONAL_MUTUAL": "optional"}


def _server(spec: Mapping[str, Any], compiled: Configuration, depths: Mapping[str, int]) -> Server:
    if "tls" not in spec:
        return compiled.http
    names = tuple(host.rpartition("/")[2] for host in spec["hosts"])
    mode = spec["tls"]["mode"]
    if mode not in _ASKS:
        raise UnknownConfigurationError(f"TLS mode {mode}")
    depth = max((depths.get(name, 0) for name in names), default=0)
    server = Server(spec["port"]["number"], names, spec["tls"]["credentialName"], _ASKS[mode], depth)
    compiled.tls.append(server)
    return server


def _passed(spec: Mapping[str, Any], service: KubeObject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield name and destination of the connections that a VirtualService takes from a server that passes them on."""
    pairs = (host.split("/") for host in spec["hosts"])
    names = {name for allowed, name in pairs if allowed in ("*", key_of(service).namespace)}
    for entry in service["spec"].get("tls", ()):
        (destination,) = (route["destination"] for route in entry["route"])
        for match in entry["match"]:
            if match["port"] == spec["port"]["number"]:
                yield from ((name, destination) for name in match["sniHosts"] if name in names)


def _attach(server: Server, hosts: Iterable[str], service: KubeObject, routes: list[Route]) -> None:
    """Add the routes of a VirtualService for every domain in which its hosts and the server's meet."""
    namespace = key_of(service).namespace
    for listed in hosts:
        allowed, __, name = listed.rpartition("/")
        if allowed not in ("*", namespace):
            continue
        for host in service["spec"]["hosts"]:
            domain = _meeting(name, host)
            if domain:
                kept = server.virtual_hosts.setdefault(domain, [])
                kept += [route for route in routes if route.match.port in (None, server.port)]


def _meeting(first: str, second: str) -> str:
    """Return the domain that two names share: the more specific one, empty when they have nothing in common."""
    for wide, narrow in ((first, second), (second, first)):
        if wide in ("*", narrow) or (is_wildcard(wide) and narrow.endswith(wide[1:]) and len(narrow) > len(wide) - 1):
            return narrow
    return ""


def _routes(service: KubeObject, patches: _Patches) -> Iterator[Route]:
    for entry in service["spec"].get("http", ()):
        patch = patches.routes.get(entry["name"], {})
        for match in entry["match"]:
            yield Route(entry["name"], _route_match(match), entry, patch)


def _route_match(match: Mapping[str, Any]) -> RouteMatch:
    unknown = set(match) - _CONDITIONS - {"ignoreUriCase"}
    if unknown:
        raise UnknownConfigurationError(f"match field {min(unknown)}")
    ignore_case = bool(match.get("ignoreUriCase"))
    return RouteMatch(
        path=_matcher(match.get("uri", {"prefix": "/"}), ignore_case),
        port=match.get("port"),
        method=_optional(match, "method"),
        authority=_optional(match, "authority"),
        scheme=_optional(match, "scheme"),
        headers=_named(match.get("headers", {})),
        without=_named(match.get("withoutHeaders", {})),
        query=_named(match.get("queryParams", {})),
    )


def _optional(match: Mapping[str, Any], field_name: str) -> Matcher | None:
    return _matcher(match[field_name]) if field_name in match else None


def _named(conditions: Mapping[str, Mapping[str, str]]) -> tuple[tuple[str, Matcher], ...]:
    return tuple((name.lower(), _matcher(condition)) for name, condition in sorted(conditions.items()))


def _matcher(condition: Mapping[str, str], ignore_case: bool = False) -> Matcher:
    if "regex" in condition:
        return Matcher(regex=compile_re2(condition["regex"]))
    exact, prefix = condition.get("exact"), condition.get("prefix")
    if ignore_case:
        exact, prefix = exact and exact.lower(), prefix and prefix.lower()
    return Matcher(exact, prefix, ignore_case=ignore_case)


def compile_re2(pattern: str) -> re.Pattern[str]:
    """Return an RE2 pattern for Python's engine. Raises UnknownConfigurationError for one that Python cannot take."""
    try:
        return re.compile(pattern, re.ASCII)
    except re.error as error:
        raise UnknownConfigurationError(f"regular expression {pattern!r}: {error}") from error
