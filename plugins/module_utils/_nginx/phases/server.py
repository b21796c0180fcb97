# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx answers before it has chosen a location (semantics.md 0.5, phases 3 and 4). PRIVATE."""

from __future__ import annotations

from ..._http.exchange import Answer, Request
from ..._http.uri import host_name
from ..._kube.hosts import is_wildcard
from ..block_lists import refuses
from ..own_locations import OWN_BODY_LIMIT
from ..site import Server, Site
from ..snippets.blocks import inherited
from ..snippets.effect import changed, own_answer, place_of, script_answer, server_block, written_location
from ..variables import expanded_with_groups
from .locating import settles
from .redirect_target import without_last_slash

_HTTP, _HTTPS = "80", "443"


def server_phase(site: Site, server: Server, request: Request, path: str) -> Answer | None:
    """Return the answer of the server itself, None where a location decides."""
    if refuses(site.settings, request.headers):
        return _changed(site, server, request, Answer(403))
    wanted = server.client_certificates
    if wanted.refused or (wanted.common_name and request.scheme == "http"):
        return _changed(site, server, request, Answer(403))
    if server.redirects_to:
        # The port is that of the connection, and is always said.
        port = _HTTPS if request.scheme == "https" else _HTTP
        target = f"{request.scheme}://{server.redirects_to}:{port}{without_last_slash(request.target)}"
        return _changed(site, server, request, Answer(site.settings.http_redirect_code, location=target))
    early = _server_script(site, server, request)
    if early:
        return early
    root = app_root(server) if path == "/" else ""
    if not root:
        return None
    # The name of a wildcard host is a regular expression of nginx, whose group is the one label.
    groups = [host_name(request.host).partition(".")[0]] if is_wildcard(server.host) else []
    root = expanded_with_groups(root, groups, request)
    return _changed(site, server, request, Answer(302, location=f"{request.scheme}://{request.host}{root}"))


def _changed(site: Site, server: Server, request: Request, answer: Answer) -> Answer:
    return changed(answer, server_block(site, server), request, place_of(server, None))


def _server_script(site: Site, server: Server, request: Request) -> Answer | None:
    block = server_block(site, server)
    if not block.script:
        return None
    found, level = script_answer(block, request)
    place = place_of(server, None)
    return changed(own_answer(found, request, place), level, request, place) if found else None


def hand_written_answer(site: Site, server: Server, request: Request, path: str) -> Answer | None:
    """Return the answer of a location that stands in a snippet, None where the controller's take the request."""
    outer = server_block(site, server)
    if not outer.locations:
        return None
    location = written_location(outer, path)
    if location is None or (location.modifier in ("~", "~*") and settles(server, path)):
        return None
    place = place_of(server, None)
    inner = inherited(outer, location.block)
    if request.body_length > OWN_BODY_LIMIT:
        # The size is looked at as soon as a location is found, before what stands in it.
        return changed(Answer(413, phase="snippet"), inner, request, place)
    found, level = script_answer(inner, request)
    return changed(own_answer(found, request, place), level, request, place)


def app_root(server: Server) -> str:
    """Return where the root of a host leads: the first location of the file that says so decides for all."""
    return next((item.policy.redirects.app_root for item in server.locations if item.policy.redirects.app_root), "")
