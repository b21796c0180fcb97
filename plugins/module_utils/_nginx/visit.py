# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request on its way through nginx. PRIVATE to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._http.exchange import Answer, Guard, Request
from .phases.errors import pages_of
from .site import Location, Server, Site
from .snippets.blocks import NOTHING, Block


@dataclass(slots=True)
class Visit:
    """A request in the location that takes it.

    ``path`` is the path by which nginx chooses locations; ``headers`` and ``request_headers`` grow as phases add
    headers to the response and to the request for the backend; ``guards`` and ``limits`` grow as phases meet them.
    ``written`` is what hand-written directives say where the request is now; ``certificate`` and ``phase`` are those of
    the answer.
    """

    site: Site
    server: Server
    location: Location
    request: Request
    path: str
    headers: dict[str, str]
    request_headers: dict[str, str] = field(default_factory=dict)
    guards: list[Guard] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    written: Block = NOTHING
    certificate: str = ""
    phase: str = ""

    def own(self, status: int, location: str = "") -> Answer:
        """Return an answer of nginx itself."""
        guards, limits = tuple(self.guards), tuple(self.limits)
        pages = pages_of(self.site, self.location, status)
        return Answer(
            status,
            location=location,
            headers=self.headers,
            certificate=self.certificate,
            guards=guards,
            limits=limits,
            error_pages=pages,
            phase=self.phase,
        )
