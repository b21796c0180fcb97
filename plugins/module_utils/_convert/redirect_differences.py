# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In what redirects of the gateway differ from those of nginx, request by request. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator

from .._http.exchange import Request
from .._istio.resources import HTTP_PORT, HTTPS_PORT
from .._nginx.phases.rewrite import lacks_slash, redirects_to_https
from .._nginx.site import Location
from .differences import Difference, Situation
from .redirects import own_host

_HSTS = "strict-transport-security"
_DEFAULT_PORT = ":80"
_PORTS = {"http": HTTP_PORT, "https": HTTPS_PORT}


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
        return f"{request.scheme}://{server.redirects_to}:{_PORTS[request.scheme]}{request.target}"
    if location is None:
        return ""
    redirects, host = location.policy.redirects, own_host(server).get("authority", "")
    if _lacks_slash(situation):
        return _with_slash(request, location, host)
    if redirects.url:
        to_path = redirects.url.startswith("/") and not redirects.relative
        return f"{request.scheme}://{host or request.host}{redirects.url}" if to_path else ""
    if request.scheme == "http" and redirects_to_https(situation.site, server, location):
        own = host or _without_default_port(request.host)
        own = own.partition(":")[0] + ":443" if redirects.with_port else own
        return f"https://{own}{request.target}"
    return ""


def _with_slash(request: Request, location: Location, host: str) -> str:
    query = "".join(request.target.partition("?")[1:])
    if location.policy.redirects.relative and not query:
        return ""
    return f"{request.scheme}://{host or request.host}{location.path}{query}"


def _cuts(situation: Situation) -> bool:
    """Tell whether nginx cuts a slash at the end of the target: in redirects to https and to the other name."""
    location = situation.location
    if location is None:
        return False
    policy = location.policy
    return not (_lacks_slash(situation) or policy.redirects.url or policy.preserve_trailing_slash)


def _lacks_slash(situation: Situation) -> bool:
    location, path = situation.location, _path(situation.request)
    return location is not None and lacks_slash(situation.server, location, path)


def _path(request: Request) -> str:
    return request.target.partition("?")[0]


def _without_default_port(host: str) -> str:
    return host.removesuffix(_DEFAULT_PORT)
