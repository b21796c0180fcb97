# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first witness: what nginx answers to a request, by the model (semantics.md 0.5). PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

from .._http.exchange import Answer, Request
from .._http.uri import BadTargetError, host_name, normalised_path
from .ingress import EXACT
from .policy import Cors, Policy
from .site import DEFAULT_SERVER, Location, Problem, Server, Site

_PORTS = {"http": "80", "https": "443"}


def answer(site: Site, request: Request) -> Answer:
    """Return what nginx answers to ``request``, in the order of its phases."""
    server = server_for(site, host_name(request.host))
    certificate = _certificate(site, request)
    try:
        path = normalised_path(request.path)
    except BadTargetError:
        return Answer(400, certificate=certificate)
    location = _location_for(server, path)
    headers = _response_headers(site, request)
    if location is None:
        return Answer(404, headers=headers, certificate=certificate)
    visit = _Visit(site, server, location, request, headers)
    if _lacks_slash(server, location, path):
        found = visit.own(301, _slash_redirect(request, location))
    else:
        found = _rewrite_phase(visit) or _access_phase(visit) or _guarded(visit, _content_phase(visit))
    return replace(found, certificate=certificate)


def server_for(site: Site, name: str) -> Server:
    """Return the server of a host name: exact, else a wildcard of one label, else the default server."""
    if name in site.servers and name != DEFAULT_SERVER:
        return site.servers[name]
    first, dot, rest = name.partition(".")
    if dot and re.fullmatch(r"[\w-]+", first, re.ASCII):
        wildcard = site.servers.get(f"*.{rest}")
        if wildcard:
            return wildcard
    return site.servers[DEFAULT_SERVER]


def matches_origin(cors: Cors, origin: str) -> bool:
    """Tell whether nginx answers ``origin`` (semantics.md B.9): unanchored at its start, ``*.`` is one label."""
    if cors.origins == ("*",):
        return True
    return any(re.search(f"{origin_pattern(entry)}$", origin, re.IGNORECASE) for entry in cors.origins)


def origin_pattern(entry: str) -> str:
    """Return the regular expression for one entry of ``cors-allow-origin``."""
    return re.escape(entry).replace(r"\*", "[A-Za-z0-9-]+")


def cors_headers(cors: Cors, origin: str) -> dict[str, str]:
    """Return the response headers for an origin that matched; any origin is answered with a literal ``*``."""
    headers = {"access-control-allow-origin": "*" if cors.origins == ("*",) else origin}
    if cors.credentials:
        headers["access-control-allow-credentials"] = "true"
    headers["access-control-allow-methods"] = cors.methods
    headers["access-control-allow-headers"] = cors.headers
    if cors.expose_headers:
        headers["access-control-expose-headers"] = cors.expose_headers
    headers["access-control-max-age"] = str(cors.max_age)
    return headers


def redirects_to_https(site: Site, server: Server, location: Location) -> bool:
    """Tell whether http requests of a location are redirected (semantics.md B.6)."""
    if location.rule_path.startswith(site.settings.no_redirect_paths):
        return False
    policy = location.policy
    return policy.force_ssl_redirect or (policy.ssl_redirect and server.certificate.configured)


def _location_for(server: Server, path: str) -> Location | None:
    if server.regex:
        return next((item for item in server.locations if _regex_matches(item, path)), None)
    best: Location | None = None
    for location in server.locations:
        if location.type == EXACT:
            if location.path == path:
                return location
        elif (path.startswith(location.path) or path + "/" == location.path) and (
            best is None or len(location.path) > len(best.path)
        ):
            best = location
    return best


def _regex_matches(location: Location, path: str) -> bool:
    return re.search(f"^{location.path}", path, re.IGNORECASE) is not None


def _lacks_slash(server: Server, location: Location, path: str) -> bool:
    # nginx adds the slash only where the location passes requests on.
    return not (server.regex or location.policy.denied or location.type == EXACT) and path + "/" == location.path


def _slash_redirect(request: Request, location: Location) -> str:
    query = f"?{request.query}" if "?" in request.target else ""
    return f"{request.scheme}://{host_name(request.host)}{location.path}{query}"


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request in the location that takes it; ``headers`` grow as phases add response headers."""

    site: Site
    server: Server
    location: Location
    request: Request
    headers: dict[str, str]

    def own(self, status: int, location: str = "") -> Answer:
        """Return an answer of nginx itself."""
        return Answer(status, location=location, headers=self.headers)


def _rewrite_phase(visit: _Visit) -> Answer | None:
    policy, request = visit.location.policy, visit.request
    if policy.denied:
        return visit.own(503)
    origin = request.headers.get("origin", "")
    if policy.cors and matches_origin(policy.cors, origin):
        visit.headers.update(cors_headers(policy.cors, origin))
        if request.method == "OPTIONS":
            return visit.own(204)
    if request.scheme == "http" and redirects_to_https(visit.site, visit.server, visit.location):
        return visit.own(visit.site.settings.http_redirect_code, _https_target(policy, request))
    upstream = visit.location.upstream
    return visit.own(503) if upstream and upstream.problem is not Problem.NONE else None


def _access_phase(visit: _Visit) -> Answer | None:
    networks, client = visit.location.policy.allowlist, visit.request.client
    return visit.own(403) if networks and client and not _admits(networks, client) else None


def _guarded(visit: _Visit, found: Answer) -> Answer:
    return replace(found, guarded=bool(visit.location.policy.allowlist) and not visit.request.client)


def _content_phase(visit: _Visit) -> Answer:
    upstream = visit.location.upstream or visit.site.default_upstream
    if upstream is None or upstream.problem is not Problem.NONE:
        return visit.own(404)
    number = upstream.port.number if upstream.port else upstream.written_port
    return Answer(
        0,
        backend=f"{upstream.namespace}/{upstream.service}:{number}",
        upstream_target=visit.request.target,
        upstream_host=visit.request.host,
        headers=visit.headers,
    )


def _https_target(policy: Policy, request: Request) -> str:
    target = request.target if policy.preserve_trailing_slash else request.target.removesuffix("/")
    return f"https://{request.host.partition(':')[0]}{target}"


def _admits(networks: tuple[str, ...], client: str) -> bool:
    address = ipaddress.ip_address(client)
    return any(address in ipaddress.ip_network(network) for network in networks)


def _response_headers(site: Site, request: Request) -> dict[str, str]:
    hsts = site.settings.hsts.value
    return {"strict-transport-security": hsts} if hsts and request.scheme == "https" else {}


def _certificate(site: Site, request: Request) -> str:
    if request.scheme != "https":
        return ""
    server = server_for(site, host_name(request.sni or request.host))
    secret = server.certificate.secret
    return "/".join(secret) if secret else "default"
