# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections nginx does not open (semantics.md 0.5, phase 1; A.1 8). PRIVATE to the collection."""

from __future__ import annotations

from ..._http.exchange import UNOPENED, Answer, Request
from ..._http.uri import host_name
from ..site import DEFAULT_SERVER, Site
from .locating import server_for


def passed_through(site: Site, request: Request) -> Answer | None:
    """Return the request as a backend gets it whose TLS is passed through, None where nginx ends TLS itself.

    A handshake that nginx rejects is an answer with status 0 and without a backend.
    """
    if request.scheme != "https":
        return None
    name = host_name(request.sni or request.host)
    if site.settings.tls.rejects_strangers and server_for(site, name).host == DEFAULT_SERVER:
        return Answer(0)
    if not site.settings.ssl_passthrough:
        return None
    server = site.servers.get(name)
    if server is None or server.passthrough is None:
        return None
    upstream = server.passthrough.backend
    if server.passthrough.problem or upstream is None or upstream.port is None:
        return Answer(0)
    backend = f"{upstream.namespace}/{upstream.service}:{upstream.port.number}"
    return Answer(0, backend=backend, upstream_target=request.target, upstream_host=request.host, certificate=UNOPENED)
