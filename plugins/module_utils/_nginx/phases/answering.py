# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx rewrites in the answer of a backend (semantics.md A.4 107 to 110). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping

from ..._http.backend_answers import COOKIE_DOMAIN, COOKIE_PATH, REDIRECT, exchange
from ..._http.exchange import Request
from ..families.answers import NOTHING_REWRITTEN, Exchange
from ..site import Location
from ..snippets.text import expanded, placed


def rewritten_answers(location: Location, request: Request, place: Mapping[str, str]) -> dict[str, str]:
    """Return what is rewritten, in the words of :mod:`_http.backend_answers`.

    Where a redirect of a backend becomes a path, nginx makes it absolute as it does its own.
    """
    answers, relative = location.policy.answers, location.policy.redirects.relative
    if answers is NOTHING_REWRITTEN:
        return {}
    origin = "" if relative else expanded(("$scheme", "=://", "$host"), request)
    wanted = (
        (COOKIE_DOMAIN, answers.cookie_domain, ""),
        (COOKIE_PATH, answers.cookie_path, ""),
        (REDIRECT, answers.redirect, origin),
    )
    return {
        name: exchange(item.old, expanded(placed(item.new, place), request), start)
        for name, item, start in wanted
        if isinstance(item, Exchange)
    }
