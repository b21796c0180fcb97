# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All predicted differences of one request. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Container, Iterator

from .._http.exchange import Answer, Request
from .._http.uri import host_name
from .._nginx.answer import answer, locate, response_headers
from .._nginx.client import unforwarded
from .._nginx.site import DEFAULT_SERVER, Site
from .differences import Difference, Situation
from .registry import FAMILIES
from .spelling import heard_request, opaque, transparent
from .witnesses import fields_of

ALWAYS = frozenset(
    (
        "PATH-NORMALISED",
        "REDIRECT-KEEPS-HOST",
        "REFUSAL-WITHOUT-HEADERS",
        "SERVER-ANSWER-HSTS",
        "WILDCARD-DEPTH",
    )
)
"""Codes of what is true of every gateway; the plan says it once, not for each host."""


_TRUSTED = "FORWARDED-HEADERS-TRUSTED"


def predict(codes: Container[str], site: Site, request: Request, nginx: Answer) -> Iterator[Difference]:
    """Yield the differences that the findings ``codes`` of a host predict for ``request``.

    The last one of a field counts. ``nginx`` is what nginx answers, by the model.
    """
    plain = unforwarded(site.settings, request) if _TRUSTED in codes else request
    if plain != request:
        expected = answer(site, plain)
        yield from _all_of(nginx, expected, _TRUSTED)
        request, nginx = plain, expected
    heard = heard_request(request)
    if heard is None:
        yield from _all_of(nginx, Answer(400), "PATH-NORMALISED")
        return
    located = opaque(heard)
    if located != request:
        expected = transparent(answer(site, located), located, heard)
        yield from _all_of(nginx, expected, "PATH-NORMALISED")
        situation = Situation(site, *locate(site, located), heard, expected)
    else:
        situation = Situation(site, *locate(site, request), request, nginx)
    if _is_below_a_wildcard(situation):
        yield from _all_of(situation.nginx, Answer(404, headers=response_headers(site, request)), "WILDCARD-DEPTH")
        return
    for family in FAMILIES:
        for predicate in family.predicates:
            yield from (item for item in predicate(situation) if item.code in ALWAYS or item.code in codes)


def _is_below_a_wildcard(situation: Situation) -> bool:
    """Tell whether a name of several labels below a wildcard comes to the default server, which nginx lets have it."""
    if situation.server.host != DEFAULT_SERVER:
        return False
    labels = host_name(situation.request.host).split(".")
    return any(f"*.{'.'.join(labels[start:])}" in situation.site.servers for start in range(2, len(labels) - 1))


def _all_of(nginx: Answer, istio: Answer, code: str) -> Iterator[Difference]:
    before, after = fields_of(nginx), fields_of(istio)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name, "") != after.get(name, ""):
            yield Difference(code, name, after.get(name, ""))
