# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the gateway's filters: they lack the headers that the route would add. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator

from .differences import Difference, Situation
from .snippets import changes_of

_HSTS = "strict-transport-security"


def plain_refusals(situation: Situation) -> Iterator[Difference]:
    """Predict the headers that are missing where somebody is refused, or no endpoint is ready."""
    if situation.nginx.phase in _BY_FILTERS and not _has_no_service(situation):
        changed = changes_of(situation)
        for name in situation.nginx.headers:
            if name not in (_HSTS, "www-authenticate") and name not in changed:
                yield Difference("REFUSAL-WITHOUT-HEADERS", f"header:{name}", "")


_BY_FILTERS = ("access", "endpoints")


def _has_no_service(situation: Situation) -> bool:
    """Tell whether the route itself answers, for there is no Service to lead to."""
    upstream = situation.location.upstream if situation.location else None
    return situation.nginx.phase == "endpoints" and (upstream is None or upstream.port is None)
