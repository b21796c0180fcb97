# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cookies and redirects of backends (semantics.md A.4 107 to 110). PRIVATE to the collection."""

from __future__ import annotations

from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.lua.backend_answers import PROGRAM
from .._nginx.families.answers import Exchange
from .._nginx.snippets.effect import place_of
from .._nginx.snippets.text import placed
from .context import Context
from .draft import Draft
from .features import Feature

_LUA = "envoy.extensions.filters.http.lua.v3"
BACKEND_ANSWERS = Feature(
    "i2i.backend-answers",
    f"{_LUA}.Lua",
    f"{_LUA}.LuaPerRoute",
    rank=88,
    settings={"default_source_code": {"inline_string": PROGRAM}},
)
_ORIGIN = ["$scheme", "=://", "$host"]


def backend_answers(draft: Draft, context: Context) -> list[Finding]:
    """Rewrite what backends say of their own names and paths, or hold back what asks for more than that."""
    location = draft.location
    answers = location.policy.answers
    if answers.unusual:
        return [
            finding(
                "NO-COUNTERPART",
                Source(draft.owner, annotation=item.annotation),
                host=draft.server.host,
                reason=item.reason,
            )
            for item in answers.unusual
        ]
    wanted = {
        "cookie_domain": answers.cookie_domain,
        "cookie_path": answers.cookie_path,
        "redirect": answers.redirect,
    }
    place = place_of(draft.server, location)
    data: dict[str, Any] = {
        name: {"old": item.old, "new": list(placed(item.new, place))}
        for name, item in wanted.items()
        if isinstance(item, Exchange)
    }
    if not data or "route" not in draft.main:
        return []
    if "redirect" in data and not location.policy.redirects.relative:
        data["origin"] = _ORIGIN
    upstream = location.upstream or context.site.default_upstream
    if upstream and upstream.affinity.cookie:
        data["own"] = upstream.affinity.cookie
    draft.filters[BACKEND_ANSWERS] = BACKEND_ANSWERS.on_route({"filter_context": data})
    return []
