# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first witness: what nginx answers to a request, by the model (semantics.md 0.5). PRIVATE to the collection."""

from __future__ import annotations

from dataclasses import replace

from .._http.exchange import Answer, Guard, Request
from .._http.uri import BadTargetError, host_name, normalised_path
from .own_locations import OWN_BODY_LIMIT
from .phases.access import access_phase
from .phases.connecting import passed_through
from .phases.content import content_phase
from .phases.external import external_phase
from .phases.locating import location_for, server_for
from .phases.rewrite import endpoint_phase, location_phase, rewrite_phase
from .phases.server import hand_written_answer, server_phase
from .site import Location, Server, Site
from .snippets.effect import changed, location_block, place_of
from .visit import Visit


def answer(site: Site, request: Request) -> Answer:
    """Return what nginx answers to ``request``, in the order of its phases."""
    return answer_at(site, request)[0]


def answer_at(site: Site, request: Request) -> tuple[Answer, Server, Location | None]:
    """Return what :func:`answer` and :func:`locate` do, in one go."""
    passed = passed_through(site, request)
    if passed:
        return passed, *locate(site, request)
    server = server_for(site, host_name(request.host))
    certificate = _certificate(site, request, server)
    wanted = server.client_certificates
    guards = wanted.guards(request.scheme)
    try:
        path = normalised_path(request.path)
    except BadTargetError:
        return Answer(400, certificate=certificate, guards=guards), server, None
    if guards and request.sni and server_for(site, host_name(request.sni)) is not server:
        return Answer(421, certificate=certificate), *locate(site, request)
    found, location = _in_phases(site, server, request, path, certificate)
    if found.certificate != certificate:
        found = replace(found, certificate=certificate)
    if guards and wanted.common_name and not wanted.refused:
        guards = (*guards, Guard("subject", wanted.common_name, "403"))
    return replace(found, guards=(*guards, *found.guards)) if guards else found, server, location


def locate(site: Site, request: Request) -> tuple[Server, Location | None]:
    """Return the server and the location that take ``request``; no location where nginx answers before it has one."""
    server = server_for(site, host_name(request.host))
    try:
        path = normalised_path(request.path)
    except BadTargetError:
        return server, None
    if server_phase(site, server, request, path) or hand_written_answer(site, server, request, path):
        return server, None
    return server, location_for(server, path)


def _in_phases(
    site: Site, server: Server, request: Request, path: str, certificate: str
) -> tuple[Answer, Location | None]:
    early = server_phase(site, server, request, path)
    if early:
        return replace(early, phase=early.phase or "server"), None
    written = hand_written_answer(site, server, request, path)
    if written:
        return written, None
    location = location_for(server, path)
    headers = response_headers(site, request)
    if location is None:
        return Answer(404, headers=headers), None
    if location.status:
        own = 413 if request.body_length > OWN_BODY_LIMIT else location.status
        return Answer(own, phase="server"), location
    block = location_block(site, server, location)
    visit = Visit(site, server, location, request, path, headers, written=block, certificate=certificate)
    answered = _in_location(visit)
    if visit.written.changes_response:
        answered = changed(answered, visit.written, request, place_of(server, location))
    return answered, location


def _in_location(visit: Visit) -> Answer:
    for visit.phase, phase in _PHASES:
        found = phase(visit)
        if found:
            return found if found.phase else replace(found, phase=visit.phase)
    visit.phase = "content"
    return content_phase(visit)


_PHASES = (
    ("location", location_phase),
    ("rewrite", rewrite_phase),
    ("endpoints", endpoint_phase),
    ("access", access_phase),
    ("access", external_phase),
)


def response_headers(site: Site, request: Request) -> dict[str, str]:
    """Return the headers that every answer of a location has (semantics.md B.7)."""
    hsts = site.settings.hsts.value
    return {"strict-transport-security": hsts} if hsts and request.scheme == "https" else {}


def _certificate(site: Site, request: Request, server: Server) -> str:
    """Return the certificate that is shown; ``server`` is that of the Host header."""
    if request.scheme != "https":
        return ""
    greeted = server_for(site, host_name(request.sni)) if request.sni else server
    secret = greeted.certificate.secret
    return "/".join(secret) if secret else "default"
