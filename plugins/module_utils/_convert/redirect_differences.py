# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In what redirects of the gateway differ from those of nginx, request by request. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator

from .._http.exchange import Request
from .._nginx.phases.rewrite import redirects_to_https
from .differences import Difference, Situation

_HSTS = "strict-transport-security"
_DEFAULT_PORT = ":80"


def own_redirects(situation: Situation) -> Iterator[Difference]:
    """Predict the Location of redirects to https, of the missing slash, to the other name, and to a path."""
    nginx, request = situation.nginx, situation.request
    if not nginx.location or nginx.backend or nginx.phase == "snippet":
        return
    location = _gateway_location(situation)
    if location and location != nginx.location:
        # What nginx cuts is the last character of the request target.
        cuts = request.target.endswith("/") and _cuts(situation)
        yield Difference("REDIRECT-KEEPS-SLASH" if cuts else "REDIRECT-KEEPS-HOST", "location", location)


def server_answers(situation: Situation) -> Iterator[Difference]:
    """Predict HSTS on what nginx answers before it has a location: the gateway adds it to all that https gives."""
    hsts = situation.site.settings.hsts.value
    nginx = situation.nginx
    early = nginx.phase == "server" and _HSTS not in nginx.headers
    if situation.request.scheme == "https" and hsts and early:
        yield Difference("SERVER-ANSWER-HSTS", f"header:{_HSTS}", hsts)


def _gateway_location(situation: Situation) -> str:
    """Return the Location that the gateway gives, empty where it gives nginx's."""
    request, server, location = situation.request, situation.server, situation.location
    if server.redirects_to:
        return situation.nginx.location + ("/" if request.target.endswith("/") else "")
    if location is None:
        return ""
    redirects = location.policy.redirects
    if location.path == _path(request) + "/" and not server.regex:
        query = request.target.partition("?")[1:]
        return f"{request.scheme}://{request.host}{location.path}{''.join(query)}"
    if redirects.url:
        relative = redirects.relative or not redirects.url.startswith("/")
        return "" if relative else f"{request.scheme}://{request.host}{redirects.url}"
    if request.scheme == "http" and redirects_to_https(situation.site, server, location):
        host = request.host.partition(":")[0] + ":443" if redirects.with_port else _without_default_port(request.host)
        return f"https://{host}{request.target}"
    return ""


def _cuts(situation: Situation) -> bool:
    """Tell whether nginx cuts a slash at the end of the target: in redirects to https and to the other name."""
    location = situation.location
    if location is None:
        return False
    lacks = location.path == _path(situation.request) + "/" and not situation.server.regex
    return not (lacks or location.policy.redirects.url or location.policy.preserve_trailing_slash)


def _path(request: Request) -> str:
    return request.target.partition("?")[0]


def _without_default_port(host: str) -> str:
    return host.removesuffix(_DEFAULT_PORT)
