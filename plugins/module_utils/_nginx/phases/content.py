# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backend is asked, and for what (semantics.md 0.5, phase 9). PRIVATE to the collection."""

from __future__ import annotations

from ..._http.exchange import Answer, ranked
from ..client import access_host
from ..families.client_certificates import client_headers
from ..own_locations import OWN_BODY_LIMIT
from ..site import Problem, Upstream
from ..snippets.effect import place_of, requested
from ..upstreams import cluster_service
from ..uri_rewrite import captured, rewrites, rewritten
from ..variables import expanded_with_groups
from ..visit import Visit
from .answering import rewritten_answers
from .balancing import session, shares
from .errors import error_headers, pages_of
from .mirroring import mirrors_of


def content_phase(visit: Visit) -> Answer:
    """Return the request to the backend, or 404 where there is none."""
    upstream = visit.location.upstream or visit.site.default_upstream
    if upstream and upstream.problem is Problem.UNREACHABLE:
        return visit.own(502)
    if upstream is None or upstream.problem is not Problem.NONE:
        # A server of nginx's own answers 404, whose limit is that of nginx, whatever annotations say.
        return visit.own(413 if visit.request.body_length > OWN_BODY_LIMIT else 404)
    if visit.location.replaced:
        visit.request_headers |= error_headers(visit.location, visit.request.headers.get("accept", ""))
    prefix = visit.location.policy.rewriting.prefix
    if prefix and rewrites(visit.location):
        groups = captured(visit.location, visit.path) or ()
        visit.request_headers["x-forwarded-prefix"] = expanded_with_groups(prefix, groups, visit.request)
    if visit.written.requested:
        visit.request_headers |= requested(visit.written, visit.request, place_of(visit.server, visit.location))
    visit.headers |= rewritten_answers(visit.location, visit.request, place_of(visit.server, visit.location))
    pairs = shares(upstream, visit.request)
    backends = ranked((_backend(item), share) for item, share in pairs)
    sessions = (session(item, visit.server, visit.location, visit.request.scheme) for item, __ in pairs)
    visit.request_headers.update(client_headers(visit.server.client_certificates, visit.request))
    return Answer(
        0,
        backend=backends[0][0],
        shares=backends if len(backends) > 1 else (),
        session=next(filter(None, sessions), ""),
        upstream_target=_target(visit),
        upstream_host=visit.location.policy.rewriting.vhost or access_host(visit.site.settings, visit.request),
        headers=visit.headers,
        request_headers=visit.request_headers,
        guards=tuple(visit.guards),
        limits=tuple(visit.limits),
        error_pages=pages_of(visit.site, visit.location, 0),
        mirrors=mirrors_of(visit.location.policy.mirror, visit.request),
        certificate=visit.certificate,
        phase=visit.phase,
    )


def _backend(upstream: Upstream) -> str:
    number = upstream.port.number if upstream.port else upstream.written_port
    if upstream.external_name:
        service = cluster_service(upstream.external_name)
        return f"{'/'.join(service) if service else upstream.external_name}:{number}"
    return f"{upstream.namespace}/{upstream.service}:{number}"


def _target(visit: Visit) -> str:
    request = visit.request
    if not rewrites(visit.location):
        return request.target
    return rewritten(visit.location, visit.path, request)
