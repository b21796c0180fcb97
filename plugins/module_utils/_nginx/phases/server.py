# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx answers before it has chosen a location (semantics.md 0.5, phases 3 and 4). PRIVATE."""

from __future__ import annotations

from ..._http.exchange import Answer, Request
from ..site import Server, Site


def server_phase(_site: Site, _server: Server, _request: Request, _path: str) -> Answer | None:
    """Return the answer of the server itself, None where a location decides."""
    return None
