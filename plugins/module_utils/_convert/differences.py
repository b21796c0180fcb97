# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What approximate findings predict, request by request (design.md, Proof). PRIVATE to the collection.

A described difference is an assertion: for exactly these requests exactly this field of the gateway's answer differs
from nginx's, in exactly this way. A difference outside of it is unexplained, and so is a predicted one that does not
occur.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from .._http.exchange import Answer, Request
from .._nginx.site import Location, Server, Site


@dataclass(frozen=True, slots=True)
class Difference:
    """One predicted difference: the gateway's answer has ``value`` in ``field``.

    Fields are ``status``, ``location``, ``header:NAME``, and, for the witnesses alone, the other fields of
    :class:`Answer`. An empty value means that the field is absent.
    """

    code: str
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Situation:
    """A request, what takes it, and what nginx answers by the model."""

    site: Site
    server: Server
    location: Location | None
    request: Request
    nginx: Answer


Predicate: TypeAlias = Callable[[Situation], Iterator[Difference]]
