# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In what refusals of the gateway differ from those of nginx, request by request. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator

from .._http.exchange import Request
from .._nginx.phases.access import access_phase
from .._nginx.phases.external import external_phase
from .._nginx.visit import Visit
from .differences import Difference, Situation
from .witnesses import fields_of

CHALLENGE = "www-authenticate"
_UNAUTHORISED = 401


def realm(situation: Situation) -> Iterator[Difference]:
    """Predict the challenge of a 401: Envoy's realm is the URL of the request."""
    nginx = situation.nginx
    if nginx.phase == "access" and nginx.status == _UNAUTHORISED and CHALLENGE in nginx.headers:
        yield Difference("BASIC-AUTH-REALM", f"header:{CHALLENGE}", _challenge(situation.request))


def refused_first(situation: Situation) -> Iterator[Difference]:
    """Predict who is refused although no endpoint is ready: nginx says so first, the gateway asks who is there first.

    It must: endpoints come back, and then the checks have to be there.
    """
    location, nginx = situation.location, situation.nginx
    if nginx.phase != "endpoints" or not (location and location.upstream and location.upstream.port):
        return
    visit = Visit(situation.site, situation.server, location, situation.request, situation.request.path, {})
    visit.guards += nginx.guards
    refusal = access_phase(visit) or external_phase(visit) or visit.own(nginx.status)
    for name, value in fields_of(refusal).items():
        text = _challenge(situation.request) if name == f"header:{CHALLENGE}" else value
        if name in ("status", "guards") or text != value:
            yield Difference("REFUSED-BEFORE-503", name, text)


def _challenge(request: Request) -> str:
    return f'Basic realm="{request.scheme}://{request.host}{request.target}"'
