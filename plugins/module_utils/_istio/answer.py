# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second witness: what a gateway answers with our resources (semantics.md C). PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from .._http.exchange import Answer, Request
from .._http.uri import BadTargetError
from .configuration import (
    Configuration,
    Matcher,
    Route,
    RouteMatch,
    Server,
    UnknownConfigurationError,
    compile_re2,
)
from .normalisation import normalised_target

_NO_CONNECTION = 0
_FORMATTER = re.compile(r"%%|%REQ\(([A-Za-z0-9:_-]+)\)%|%(DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT)%")
_REFERENCE = re.compile(r"\\(\d|\\)")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def answer(configuration: Configuration, request: Request) -> Answer:
    """Return what the gateway answers to ``request``; a handshake that fails is status 0 without a backend.

    Raises UnknownConfigurationError where the witness does not know what the configuration does.
    """
    server = _server_for(configuration, request)
    if server is None:
        return Answer(_NO_CONNECTION)
    headers = _port_headers(configuration, server)
    try:
        target = normalised_target(request.target)
    except BadTargetError:
        return Answer(400, certificate=server.credential)
    route = _route_for(server, request, target)
    if route is None:
        return Answer(404, headers=headers, certificate=server.credential)
    return _Visit(request, target, server, route, headers).answer()


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
    path = target.partition("?")[0]
    return next((route for route in server.virtual_hosts[domain] if _takes(route.match, request, path)), None)


def _takes(match: RouteMatch, request: Request, path: str) -> bool:
    named = {**request.headers, ":authority": request.host, ":path": request.target, ":method": request.method}
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


class _Visit:
    """A request on the route that takes it."""

    def __init__(
        self, request: Request, target: str, server: Server, route: Route, port_headers: Mapping[str, str]
    ) -> None:
        self._request = request
        self._target = target
        self._server = server
        self._route = route
        self._port_headers = port_headers

    def answer(self) -> Answer:
        """Return the answer: filters first, then the action of the route."""
        refused = self._filters()
        if refused:
            return Answer(refused, headers=dict(self._port_headers), certificate=self._server.credential)
        action = self._route.action
        if "redirect" in action:
            return self._redirect(action["redirect"])
        if "directResponse" in action:
            return self._own(action["directResponse"]["status"], "")
        return self._forward(action)

    def _filters(self) -> int:
        """Return the status with which a filter of the route refuses the request, 0 when all let it pass."""
        for name, config in self._route.patch.get("typed_per_filter_config", {}).items():
            if not config["@type"].endswith("RBACPerRoute"):
                raise UnknownConfigurationError(f"filter {name}")
            principals = config["rbac"]["rules"]["policies"]["listed"]["principals"]
            client = ipaddress.ip_address(self._request.client)
            if not any(client in _network(entry["remote_ip"]) for entry in principals):
                return 403
        return 0

    def _redirect(self, redirect: Mapping[str, Any]) -> Answer:
        request = self._request
        scheme = redirect.get("scheme", request.scheme)
        host = redirect.get("authority", request.host)
        if "scheme" in redirect and scheme != request.scheme:
            # Envoy drops the port that was the default of the old scheme, and keeps any other.
            host = host.removesuffix(_DEFAULT_PORTS[request.scheme])
        path, __, query = self._target.partition("?")
        target = redirect.get("uri", path) + (f"?{query}" if "?" in self._target else "")
        return self._own(redirect["redirectCode"], f"{scheme}://{host}{target}")

    def _own(self, status: int, location: str) -> Answer:
        headers = self._response_headers()
        return Answer(
            status,
            location=headers.pop("location", location),
            headers=headers,
            certificate=self._server.credential,
        )

    def _forward(self, action: Mapping[str, Any]) -> Answer:
        destination = action["route"][0]["destination"]
        service, namespace = destination["host"].split(".")[:2]
        return Answer(
            0,
            backend=f"{namespace}/{service}:{destination['port']['number']}",
            upstream_target=self._rewritten(action.get("rewrite", {})),
            upstream_host=action.get("rewrite", {}).get("authority", self._request.host),
            headers=self._response_headers(),
            certificate=self._server.credential,
        )

    def _rewritten(self, rewrite: Mapping[str, Any]) -> str:
        path, mark, query = self._target.partition("?")
        regex = rewrite.get("uriRegexRewrite")
        if regex:
            pattern, substitution = compile_re2(regex["match"]), regex["rewrite"]
            path = pattern.sub(lambda found: _substituted(substitution, found), path)
        return path + mark + query

    def _response_headers(self) -> dict[str, str]:
        wanted = self._route.action.get("headers", {}).get("response", {}).get("set", {})
        own = {name.lower(): self._formatted(text) for name, text in wanted.items() if name.lower() != "content-type"}
        return {**own, **self._port_headers}

    def _formatted(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            if found[0] == "%%":
                return "%"
            if found[2]:
                return self._request.client
            return self._header(found[1].lower())

        return _FORMATTER.sub(value, text)

    def _header(self, name: str) -> str:
        special = {
            ":authority": self._request.host,
            ":path": self._target,
            ":method": self._request.method,
            "x-forwarded-proto": self._request.scheme,
        }
        return special.get(name) or self._request.headers.get(name, "")


def _substituted(substitution: str, found: re.Match[str]) -> str:
    r"""Return RE2's substitution text with its groups (``\1``) filled in; ``\\`` is a backslash."""
    return _REFERENCE.sub(lambda mark: "\\" if mark[1] == "\\" else found[int(mark[1])] or "", substitution)


def _network(entry: Mapping[str, Any]) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(f"{entry['address_prefix']}/{entry['prefix_len']}")
