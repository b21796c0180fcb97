# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second witness: what a gateway answers with our resources (semantics.md C). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._http.exchange import REQUEST_ID, UNOPENED, Answer, Guard, Request
from .._http.uri import BadTargetError
from .configuration import (
    Configuration,
    Matcher,
    Route,
    RouteMatch,
    Server,
    UnknownConfigurationError,
)
from .destinations import receiver
from .filters.registry import HANDLERS, PROGRAMS
from .normalisation import normalised_target
from .visit import Visit

_NO_CONNECTION = 0


def answer(configuration: Configuration, request: Request) -> Answer:
    """Return what the gateway answers to ``request``; a handshake that fails is status 0 without a backend.

    Raises UnknownConfigurationError where the witness does not know what the configuration does.
    """
    passed = configuration.passed.get(_bare_host(request.sni or request.host).removesuffix("."))
    if passed and request.scheme == "https":
        return _unopened(configuration, passed, request)
    request = _received(configuration, request)
    server = _server_for(configuration, request)
    if server is None:
        return Answer(_NO_CONNECTION)
    found = _answer_of(configuration, server, request)
    if not server.asks:
        return found
    guard = Guard("certificate", f"{server.asks} depth {server.depth}")
    return replace(found, guards=(guard, *found.guards))


def _received(configuration: Configuration, request: Request) -> Request:
    """Return the request as routes and filters see it. Source: Envoy ``conn_manager_utility.cc`` mutateRequestHeaders.

    A gateway without trusted proxies in front says itself what the scheme is, and adds the client to X-Forwarded-For.
    """
    settings, host, given = configuration.connection_manager, request.host, request.headers
    if settings.get("strip_trailing_host_dot"):
        name, colon, port = host.partition(":")
        host = name.removesuffix(".") + colon + port
    headers = {
        **given,
        "x-forwarded-proto": request.scheme,
        "x-forwarded-for": ", ".join(filter(None, (given.get("x-forwarded-for", ""), request.client))),
        "x-request-id": (settings.get("preserve_external_request_id") and given.get("x-request-id")) or REQUEST_ID,
    }
    return replace(request, host=host, headers=headers)


def _unopened(configuration: Configuration, destination: Mapping[str, Any], request: Request) -> Answer:
    """Return the request as a backend gets it from a connection that the gateway passes on."""
    backend = receiver(configuration, destination)
    if not backend:
        return Answer(_NO_CONNECTION)
    target, host = request.target, request.host
    return Answer(0, backend=backend, upstream_target=target, upstream_host=host, certificate=UNOPENED)


def _answer_of(configuration: Configuration, server: Server, request: Request) -> Answer:
    headers = _port_headers(configuration, server)
    try:
        target = normalised_target(request.target)
    except BadTargetError:
        return Answer(400, headers=headers, certificate=server.credential)
    route = _route_for(server, request, target)
    if route is None:
        return Answer(404, headers=headers, certificate=server.credential)
    visit = Visit(request, target, server, route, configuration, headers)
    answered = _filtered(configuration, visit) or visit.act()
    for change in reversed(visit.on_answer):
        answered = change(answered)
    return answered


def _server_for(configuration: Configuration, request: Request) -> Server | None:
    """Return the server: the one for http, else by SNI: exact name, longest wildcard, any."""
    if request.scheme == "http":
        return configuration.http
    name = _bare_host(request.sni or request.host)
    best: tuple[int, Server] | None = None
    for server in configuration.tls:
        for listed in server.names:
            rank = _rank(listed, name)
            if rank and (best is None or rank > best[0]):
                best = (rank, server)
    return best[1] if best else None


def _rank(listed: str, name: str) -> int:
    """Return how well a domain fits a name: 0 not at all, then any, suffixes by length, exact."""
    if listed == name:
        return 1000
    if listed == "*":
        return 1
    suffix = listed[1:]
    return len(suffix) + 1 if listed.startswith("*.") and name.endswith(suffix) and len(name) > len(suffix) else 0


def _bare_host(host: str) -> str:
    return host.partition(":")[0].lower()


def _route_for(server: Server, request: Request, target: str) -> Route | None:
    name = _bare_host(request.host)
    domain = max(server.virtual_hosts, key=lambda listed: _rank(listed, name), default="")
    if not domain or not _rank(domain, name):
        return None
    return next((route for route in server.virtual_hosts[domain] if _takes(route.match, request, target)), None)


def _takes(match: RouteMatch, request: Request, target: str) -> bool:
    path = target.partition("?")[0]
    named = {**request.headers, ":authority": request.host, ":path": target, ":method": request.method}
    singles = ((match.path, path), (match.method, request.method), (match.authority, request.host))
    if not all(matcher is None or matcher.takes(text) for matcher, text in singles):
        return False
    if match.scheme is not None and not match.scheme.takes(request.scheme):
        return False
    if not all(name in named and matcher.takes(named[name]) for name, matcher in match.headers):
        return False
    if any(name in named and matcher.takes(named[name]) for name, matcher in match.without):
        return False
    return all(_query_takes(request.query, name, matcher) for name, matcher in match.query)


def _query_takes(query: str, name: str, matcher: Matcher) -> bool:
    for pair in query.split("&"):
        key, __, value = pair.partition("=")
        if key.lower() == name:
            return matcher.takes(value)
    return False


def _port_headers(configuration: Configuration, server: Server) -> dict[str, str]:
    added = configuration.route_headers.get(server.port, {}).get("response_headers_to_add", ())
    return {entry["header"]["key"]: entry["header"]["value"] for entry in added}


def _filtered(configuration: Configuration, visit: Visit) -> Answer | None:
    """Return the answer of the first filter that does not let the request pass, None when all do."""
    port = configuration.route_headers.get(visit.server.port, {}).get("typed_per_filter_config", {})
    configs = {**port, **visit.route.patch.get("typed_per_filter_config", {})}
    for name in configuration.filters:
        settings = configuration.filter_settings[name]
        if settings["@type"].endswith(".Compressor"):
            continue  # bodies are no part of an answer
        config = settings if _is_always_on(settings) else configs.get(name)
        if config is None:
            continue
        program = configuration.programs.get(name)
        handler = PROGRAMS.get(program) if program else HANDLERS.get(config["@type"].rpartition(".")[2])
        if handler is None:
            raise UnknownConfigurationError(f"filter {name}")
        refused = handler(visit, config)
        if refused:
            return refused
    return None


def _is_always_on(settings: Mapping[str, Any]) -> bool:
    return bool(settings["@type"].endswith(".LocalRateLimit"))
