# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backend is asked, and for what (semantics.md 0.5, phase 9). PRIVATE to the collection."""

from __future__ import annotations

from ..._http.exchange import Answer
from ..client import access_host
from ..site import Problem
from ..uri_rewrite import rewrites, rewritten
from ..visit import Visit
from .mirroring import mirrors_of


def content_phase(visit: Visit) -> Answer:
    """Return the request to the backend, or 404 where there is none."""
    upstream = visit.location.upstream or visit.site.default_upstream
    if upstream is None or upstream.problem is not Problem.NONE:
        return visit.own(404)
    prefix = visit.location.policy.rewriting.prefix
    if prefix and rewrites(visit.location):
        visit.request_headers["x-forwarded-prefix"] = prefix
    number = upstream.port.number if upstream.port else upstream.written_port
    return Answer(
        0,
        backend=f"{upstream.namespace}/{upstream.service}:{number}",
        upstream_target=_target(visit),
        upstream_host=visit.location.policy.rewriting.vhost or access_host(visit.site.settings, visit.request),
        headers=visit.headers,
        request_headers=visit.request_headers,
        guards=tuple(visit.guards),
        limits=tuple(visit.limits),
        mirrors=mirrors_of(visit.location.policy.mirror, visit.request),
    )


def _target(visit: Visit) -> str:
    request = visit.request
    if not rewrites(visit.location):
        return request.target
    # A question mark without anything after it is lost on the way.
    return rewritten(visit.location, visit.path, f"?{request.query}" if request.query else "")
