# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes of one host, in the order in which Envoy tries them. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .._istio.resources import HTTP_PORT, HTTPS_PORT
from .._nginx.site import DEFAULT_SERVER, Server
from .context import Context
from .draft import Draft, Match
from .redirects import are_alike, https_redirect, www_routes


def host_routes(server: Server, drafts: Sequence[Draft], context: Context) -> Iterator[dict[str, Any]]:
    """Yield the ``http`` entries of the host's VirtualService.

    Where every location redirects http to https and nothing else is answered before that, one redirect answers for
    the whole http port. It is a plain ``/``: istiod sorts it behind solver routes that others bind to the host
    (semantics.md C.9), and behind all routes of ours, which are therefore for the https port alone.
    """
    if server.redirects_to:
        yield from www_routes(server, context)
        return
    routes = list(_in_order(server, drafts, context))
    if server.host == DEFAULT_SERVER:
        # istiod sorts a plain catch-all last only where it has no further condition.
        routes = [{**route, "match": [_unguarded(match) for match in route["match"]]} for route in routes]
    yield from routes


def shared_redirect(server: Server) -> str:
    """Return the name of the one route that redirects all http requests of a host."""
    return f"{server.host}/https"


def redirects_with_port(server: Server, drafts: Sequence[Draft]) -> Iterator[str]:
    """Yield the names of the redirects to https that say their port."""
    saying = [draft for draft in drafts if draft.redirects and draft.location.policy.redirects.with_port]
    if saying and len(saying) == len(drafts):
        yield shared_redirect(server)
    for draft in saying:
        yield from (draft.name + step.variant.suffix for step in draft.steps if step.to_https)


def _alike_early(drafts: Sequence[Draft]) -> bool:
    """Tell whether locations redirect to https in the same way, with the same filters on the redirect."""
    same_filters = all(draft.everywhere == drafts[0].everywhere for draft in drafts)
    return same_filters and are_alike(draft.location.policy for draft in drafts)


def _unguarded(match: Match) -> Match:
    plain = match.get("uri") == {"prefix": "/"} and set(match) <= {"uri", "port", "withoutHeaders"}
    return {key: value for key, value in match.items() if not (plain and key == "withoutHeaders")}


def _in_order(server: Server, drafts: Sequence[Draft], context: Context) -> Iterator[dict[str, Any]]:
    if not (all(map(_redirects_only, drafts)) and _alike_early(drafts)):
        for draft in drafts:
            yield from draft.step_routes()
            yield from _for_https(draft) if draft.redirects else draft.main_routes()
        return
    for draft in drafts:
        for step, route in zip(draft.steps, draft.step_routes(), strict=True):
            if not step.to_https:
                yield route
    match = {"uri": {"prefix": "/"}, "port": HTTP_PORT, **drafts[0].guard}
    yield {"name": shared_redirect(server), "match": [match], **https_redirect(server, context)}
    for draft in drafts:
        yield from _for_https(draft)


def _redirects_only(draft: Draft) -> bool:
    """Tell whether a location redirects all http requests, save those whose slash is missing."""
    return not draft.layers and draft.redirects and not any(step.variant.filters for step in draft.steps)


def _for_https(draft: Draft) -> Iterator[dict[str, Any]]:
    """Yield the last routes of a location whose http requests are all redirected.

    istiod puts a plain catch-all, such as the redirect of ``/``, behind whatever has a condition.
    """
    for route in draft.main_routes():
        yield {**route, "match": [{**match, "port": HTTPS_PORT} for match in route["match"]]}
