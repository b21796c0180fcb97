# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cross-origin answers as nginx gives them (semantics.md B.9, exact recipe). PRIVATE to the collection.

Envoy's own CORS filter differs: it answers 200, echoes the origin where nginx says ``*``, and adds fewer headers. So
the answers are routes of their own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .._findings.finding import Finding
from .._istio.formatter import plain, request_header
from .._nginx.families.cors import Cors
from .._nginx.phases.rewrite import cors_headers, origin_pattern
from .context import Context
from .draft import Draft, Step, Variant


def cross_origin(draft: Draft, _context: Context) -> list[Finding]:
    """Answer preflights with 204 and put nginx's headers on every other answer to an allowed origin."""
    cors = draft.location.policy.cors
    if not cors or not cors.origins:
        return []
    preflight, layer = _answers(cors)
    draft.steps.append(preflight)
    draft.layers.append(layer)
    draft.split(layer)
    return []


@lru_cache(maxsize=1024)
def _answers(cors: Cors) -> tuple[Step, Variant]:
    """Return the answer to preflights, and what differs for requests of an allowed origin."""
    conditions: dict[str, Any] = {}
    if cors.origins != ("*",):
        # Unanchored at its start and without case, as nginx searches it.
        pattern = "|".join(map(origin_pattern, cors.origins))
        conditions = {"headers": {"origin": {"regex": f"(?i).*(?:{pattern})"}}}
    headers = {name: plain(value) for name, value in cors_headers(cors, "").items()}
    headers["access-control-allow-origin"] = request_header("origin") if conditions else "*"
    preflight = Variant(
        "/preflight",
        {**conditions, "method": {"exact": "OPTIONS"}},
        response_set={**headers, "content-type": "text/plain charset=UTF-8"},
    )
    return Step(preflight, {"directResponse": {"status": 204}}), Variant("/cors", conditions, response_set=headers)
