# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request, and what a plane answers to it. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

REQUEST_ID = "(request id)"
"""What stands in an answer for the id that a plane makes for a request that has none."""

UNOPENED = "backend"
"""Who shows the certificate of a connection that a plane passes through."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a client sends it.

    ``target`` is the raw request target (path and query); ``host`` is the Host header; ``sni`` is the name in the TLS
    handshake, the host where empty; ``client`` is the address the plane sees, empty where that is not known; header
    names are lower case; ``body_length`` is the value of Content-Length.
    """

    host: str
    target: str
    scheme: str = "http"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    client: str = "192.0.2.1"
    sni: str = ""
    body_length: int = 0

    @property
    def path(self) -> str:
        """The raw path, without the query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The raw query, without the question mark."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Guard:
    """Something outside of the request decides whether it is let through: the rest of the answer is for those it is.

    ``kind`` is ``addresses``, ``basic``, ``external``, ``certificate`` or ``subject`` (of a certificate); ``decides``
    names what decides, in a form that both witnesses share (a Secret, a URL with its settings); ``refusal`` is what
    others get: a status, and a Location where there is one, empty for a
    certificate: what a plane does without one is no part of the comparison.
    """

    kind: str
    decides: str = ""
    refusal: str = ""

    @property
    def is_needed(self) -> bool:
        """Whether nobody comes in without what is asked for; an optional certificate may be left out."""
        return not self.decides.startswith("optional")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plane does with a request.

    Either the plane answers itself (``backend`` is empty) or it asks ``backend`` (``namespace/service:port number``)
    for ``upstream_target`` with ``upstream_host``; then ``status`` is 0, for the backend decides. ``headers`` are
    those that the plane sets on the response, ``request_headers`` those it sets on the request to the backend (names
    in lower case; an empty value removes the header); ``location`` stands apart. ``certificate`` is the Secret
    (``namespace/name``) shown on https, ``default`` for the plane's own, empty on http; of a connection that the plane
    passes through it is :data:`UNOPENED`, and the backend gets the request as it is.

    Where chance decides between backends, ``shares`` are pairs of backend and share of 1, the most likely first (see
    :func:`ranked`), and ``backend`` is the first of them. ``guards`` decide before this answer, in order. ``limits``
    are the rates at which such requests pass, ``mirrors`` the backends that get a copy, ``session`` what binds
    requests to one endpoint: the cookie that is set, or the parts of a request that choose it; each in a form that both
    witnesses share, empty for none. ``phase`` is, for nginx, where the answer comes from: ``server``, ``location``,
    ``rewrite``, ``endpoints`` (there are none), ``access`` or ``content``.
    """

    status: int
    backend: str = ""
    upstream_target: str = ""
    upstream_host: str = ""
    location: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    certificate: str = ""
    request_headers: Mapping[str, str] = field(default_factory=dict)
    shares: tuple[tuple[str, float], ...] = ()
    guards: tuple[Guard, ...] = ()
    limits: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    session: str = ""
    error_pages: str = ""
    phase: str = field(default="", compare=False)

    @property
    def guarded(self) -> bool:
        """Whether something outside of the request decides first."""
        return bool(self.guards)


def ranked(shares: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Return backends and their shares of requests, each backend once, the most likely first, then by name."""
    found: dict[str, float] = {}
    for backend, share in shares:
        found[backend] = found.get(backend, 0.0) + share
    if len(found) == 1:
        return tuple(found.items())
    return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0])))
