# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx answers before it asks who is there (semantics.md 0.5, phases 4 to 6). PRIVATE to the collection."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from ..._http.exchange import Answer, Request
from ..client import access_scheme
from ..families.cors import Cors
from ..own_locations import OWN_BODY_LIMIT
from ..site import Location, Problem, Server, Site
from ..snippets.effect import own_answer, place_of, script_answer
from ..uri_rewrite import rewrites, rewritten
from ..visit import Visit
from .redirect_target import https_target, own_target


def location_phase(visit: Visit) -> Answer | None:
    """Return what nginx answers once it has the location: 413, then the redirect to the missing slash."""
    policy, request = visit.location.policy, visit.request
    # Annotations mean nothing to a location that is denied.
    limit = OWN_BODY_LIMIT if policy.denied else policy.limits.body
    if 0 < limit < request.body_length:
        return visit.own(413)
    if lacks_slash(visit.server, visit.location, visit.path):
        return visit.own(301, own_target(policy, request, _with_slash(request, visit.location)))
    return None


def rewrite_phase(visit: Visit) -> Answer | None:
    """Return what nginx answers while it rewrites, None where it goes on."""
    policy, request = visit.location.policy, visit.request
    if policy.denied:
        return visit.own(503)
    origin = request.headers.get("origin", "")
    if policy.cors and matches_origin(policy.cors, origin):
        visit.headers.update(cors_headers(policy.cors, origin))
        if request.method == "OPTIONS":
            return visit.own(204)
    return _scripted(visit) or _redirected(visit) or _rewritten_to_nothing(visit) or _redirected_to_https(visit)


def _redirected(visit: Visit) -> Answer | None:
    policy, request = visit.location.policy, visit.request
    if policy.redirects.url:
        return visit.own(policy.redirects.code, own_target(policy, request, policy.redirects.url))
    return None


def _rewritten_to_nothing(visit: Visit) -> Answer | None:
    """Return the answer for a rewritten URI of length zero. Source: nginx ``ngx_http_script_regex_end_code``."""
    location = visit.location
    may_be = rewrites(location) and location.policy.rewrite_target.startswith("$")
    return visit.own(500) if may_be and not rewritten(location, visit.path, visit.request).partition("?")[0] else None


def _redirected_to_https(visit: Visit) -> Answer | None:
    policy, request, settings = visit.location.policy, visit.request, visit.site.settings
    if access_scheme(settings, request) == "http" and redirects_to_https(visit.site, visit.server, visit.location):
        return visit.own(settings.http_redirect_code, https_target(settings, policy, request))
    return None


def _scripted(visit: Visit) -> Answer | None:
    """Return what the hand-written directives of the location answer; an ``if`` that holds stays in force."""
    found, visit.written = script_answer(visit.written, visit.request)
    if found is None:
        return None
    place = place_of(visit.server, visit.location)
    answer = own_answer(found, visit.request, place, relative=visit.location.policy.redirects.relative)
    return replace(answer, headers=visit.headers)


def endpoint_phase(visit: Visit) -> Answer | None:
    """Return the answer for a backend that is not there, None where it is: before anybody is asked who they are."""
    upstream = visit.location.upstream
    answers = upstream is None or upstream.problem in (Problem.NONE, Problem.UNREACHABLE)
    return None if answers else visit.own(503)


def redirects_to_https(site: Site, server: Server, location: Location) -> bool:
    """Tell whether http requests of a location are redirected (semantics.md B.6)."""
    if location.rule_path.startswith(site.settings.no_redirect_paths):
        return False
    policy = location.policy
    return policy.force_ssl_redirect or (policy.ssl_redirect and server.certificate.configured)


def lacks_slash(server: Server, location: Location, path: str) -> bool:
    """Tell whether nginx adds the missing slash to ``path``: only where the location passes requests on."""
    return not server.regex and path + "/" == location.path


def matches_origin(cors: Cors, origin: str) -> bool:
    """Tell whether nginx answers ``origin`` (semantics.md B.9): unanchored at its start, ``*.`` is one label."""
    if cors.origins == ("*",):
        return True
    return any(_ends_like(entry).search(origin) for entry in cors.origins)


@lru_cache(maxsize=1024)
def _ends_like(entry: str) -> re.Pattern[str]:
    return re.compile(f"{origin_pattern(entry)}$", re.IGNORECASE)


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


def _with_slash(request: Request, location: Location) -> str:
    return location.path + (f"?{request.query}" if request.query else "")
