# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All predicted differences of one request. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Container, Iterator

from .._http.exchange import Answer, Request
from .._http.uri import host_name
from .._nginx.answer import answer, locate, response_headers
from .._nginx.client import unforwarded
from .._nginx.phases.connecting import passed_through
from .._nginx.site import DEFAULT_SERVER, Location, Server, Site
from .differences import Difference, Situation
from .registry import FAMILIES
from .spelling import heard_request, opaque, transparent
from .witnesses import fields_of

ALWAYS = frozenset(
    (
        "LARGE-BODY-404",
        "PATH-NORMALISED",
        "REDIRECT-KEEPS-HOST",
        "REFUSAL-WITHOUT-HEADERS",
        "SERVER-ANSWER-HSTS",
        "WILDCARD-DEPTH",
    )
)
"""Codes of what is true of every gateway; the plan says it once, not for each host."""


_TRUSTED = "FORWARDED-HEADERS-TRUSTED"


def predict(
    codes: Container[str],
    site: Site,
    request: Request,
    nginx: Answer,
    place: tuple[Server, Location | None] | None = None,
) -> Iterator[Difference]:
    """Yield the differences that the findings ``codes`` of a host predict for ``request``.

    The last one of a field counts. ``nginx`` is what nginx answers, by the model, and ``place`` what takes the request
    where that is known already (:func:`answer_at`).
    """
    if passed_through(site, request):
        yield from _of_stranger(site, request, nginx)
        return
    plain = unforwarded(site.settings, request) if _TRUSTED in codes else request
    if plain is not request:
        expected = answer(site, plain)
        yield from _all_of(nginx, expected, _TRUSTED)
        request, nginx, place = plain, expected, None
    heard = heard_request(request)
    if heard is None:
        guards = tuple(item for item in nginx.guards if item.kind == "certificate")
        yield from _all_of(
            nginx, Answer(400, guards=guards, headers=response_headers(site, request)), "PATH-NORMALISED"
        )
        return
    located = opaque(heard)
    if located is not request and located != request:
        expected = transparent(answer(site, located), located, heard)
        yield from _all_of(nginx, expected, "PATH-NORMALISED")
        situation = Situation(site, *locate(site, located), heard, expected)
    else:
        situation = Situation(site, *(place or locate(site, request)), request, nginx)
    wildcard = _wildcard_above(site, situation.server, situation.request)
    if wildcard:
        yield from _below_wildcard(site, wildcard, request, situation.nginx)
        return
    for predicate in _PREDICATES:
        for item in predicate(situation):
            if item.code in ALWAYS or item.code in codes:
                yield item


_PREDICATES = tuple(predicate for family in FAMILIES for predicate in family.predicates)


def _of_stranger(site: Site, request: Request, nginx: Answer) -> Iterator[Difference]:
    """Predict the answer to a name below a wildcard for which nginx lets no handshake come about."""
    wildcard = _wildcard_above(site, locate(site, request)[0], request)
    if wildcard and not nginx.backend:
        yield from _below_wildcard(site, wildcard, request, nginx, 404 if heard_request(request) else 400)


def _below_wildcard(
    site: Site, wildcard: Server, request: Request, nginx: Answer, status: int = 404
) -> Iterator[Difference]:
    guards = wildcard.client_certificates.guards(request.scheme)
    refused = Answer(status, headers=response_headers(site, request), guards=guards)
    yield from _all_of(nginx, refused, "WILDCARD-DEPTH")


def _wildcard_above(site: Site, server: Server, request: Request) -> Server | None:
    """Return the wildcard above a name of several labels, which nginx lets the default server have; None for others."""
    if server.host != DEFAULT_SERVER:
        return None
    labels = host_name(request.host).split(".")
    above = (site.servers.get(f"*.{'.'.join(labels[start:])}") for start in range(2, len(labels) - 1))
    return next((server for server in above if server), None)


def _all_of(nginx: Answer, istio: Answer, code: str) -> Iterator[Difference]:
    before, after = fields_of(nginx), fields_of(istio)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name, "") != after.get(name, ""):
            yield Difference(code, name, after.get(name, ""))
