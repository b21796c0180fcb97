# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx answers before it has chosen a location (semantics.md 0.5, phases 3 and 4). PRIVATE."""

from __future__ import annotations

from ..._http.exchange import Answer, Request
from ..block_lists import refuses
from ..site import Server, Site
from .redirect_target import without_last_slash

_HTTP, _HTTPS = "80", "443"


def server_phase(site: Site, server: Server, request: Request, path: str) -> Answer | None:
    """Return the answer of the server itself, None where a location decides."""
    if refuses(site.settings, request.headers):
        return Answer(403)
    wanted = server.client_certificates
    if wanted.refused or (wanted.common_name and request.scheme == "http"):
        return Answer(403)
    if server.redirects_to:
        # The port is that of the connection, and is always said.
        port = _HTTPS if request.scheme == "https" else _HTTP
        target = f"{request.scheme}://{server.redirects_to}:{port}{without_last_slash(request.target)}"
        return Answer(site.settings.http_redirect_code, location=target)
    root = app_root(server) if path == "/" else ""
    return Answer(302, location=f"{request.scheme}://{request.host}{root}") if root else None


def app_root(server: Server) -> str:
    """Return where the root of a host leads: the first location of the file that says so decides for all."""
    return next((item.policy.redirects.app_root for item in server.locations if item.policy.redirects.app_root), "")
