# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ingresses ask of a whole host that a gateway does not do (semantics.md A.1 1). PRIVATE."""

from __future__ import annotations

from collections.abc import Iterator

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._nginx.site import Server
from .context import Context
from .draft import Draft

HOST_ANNOTATIONS = ("server-alias", "ssl-passthrough", "ssl-ciphers")


def alias_obstacles(server: Server) -> Iterator[Finding]:
    """Yield the further names of a host that stand for more than one name."""
    for name in server.alias_patterns:
        source = Source(server.ingresses[0].key, annotation="server-alias")
        yield finding("ALIAS-IS-PATTERN", source, host=server.host, alias=repr(name))


def names_and_tls(_draft: Draft, _context: Context) -> list[Finding]:
    """Add nothing to routes: aliases are servers of their own, and the rest holds hosts back before their routes."""
    return []
