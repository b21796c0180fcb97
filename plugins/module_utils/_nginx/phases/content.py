# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backend is asked, and for what (semantics.md 0.5, phase 9). PRIVATE to the collection."""

from __future__ import annotations

from ..._http.exchange import Answer
from ..site import Problem
from ..visit import Visit


def content_phase(visit: Visit) -> Answer:
    """Return the request to the backend, or 404 where there is none."""
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
        request_headers=visit.request_headers,
        guards=tuple(visit.guards),
        limits=tuple(visit.limits),
    )
