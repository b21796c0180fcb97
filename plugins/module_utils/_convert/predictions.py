# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All predicted differences of one request. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Container, Iterator

from .._http.exchange import Answer, Request
from .._nginx.answer import locate
from .._nginx.site import Site
from .differences import Difference, Situation
from .registry import FAMILIES


def predict(codes: Container[str], site: Site, request: Request, nginx: Answer) -> Iterator[Difference]:
    """Yield the differences that the findings ``codes`` of a host predict for ``request``.

    ``nginx`` is what nginx answers, by the model.
    """
    situation = Situation(site, *locate(site, request), request, nginx)
    for family in FAMILIES:
        for predicate in family.predicates:
            yield from (item for item in predicate(situation) if item.code in codes)
