# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request, and what a plane answers to it. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a client sends it.

    ``target`` is the raw request target (path and query); ``host`` is the Host header; ``sni`` is the name in the TLS
    handshake, the host where empty; ``client`` is the address the plane sees, empty where that is not known; header
    names are lower case.
    """

    host: str
    target: str
    scheme: str = "http"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    client: str = "192.0.2.1"
    sni: str = ""

    @property
    def path(self) -> str:
        """The raw path, without the query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The raw query, without the question mark."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plane does with a request.

    Either the plane answers itself (``backend`` is empty) or it asks ``backend`` (``namespace/service:port number``)
    for ``upstream_target`` with ``upstream_host``; then ``status`` is 0, for the backend decides. ``headers`` are
    those that the plane sets on the response (lower-case names); ``location`` stands apart. ``certificate`` is the
    Secret (``namespace/name``) shown on https, ``default`` for the plane's own, empty on http. ``guarded`` tells that
    an address list decides and the client's address is not known: this is the answer to those it admits, others get
    403.
    """

    status: int
    backend: str = ""
    upstream_target: str = ""
    upstream_host: str = ""
    location: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    certificate: str = ""
    guarded: bool = False
