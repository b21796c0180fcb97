# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Lua program for cookies and redirects of backends does, by the data of a route. PRIVATE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..._http.backend_answers import COOKIE_DOMAIN, COOKIE_PATH, REDIRECT, exchange
from ..._http.exchange import Answer
from ..visit import Visit
from .header_changes import text

_NAMES = {"cookie_domain": COOKIE_DOMAIN, "cookie_path": COOKIE_PATH, "redirect": REDIRECT}


def backend_answers(visit: Visit, config: Mapping[str, Any]) -> Answer | None:
    """Remember what is rewritten in what a backend answers."""
    data = config["filter_context"]
    origin = text(visit, data.get("origin", ()))
    found = {
        shown: exchange(data[name]["old"], text(visit, data[name]["new"]), origin if name == "redirect" else "")
        for name, shown in _NAMES.items()
        if name in data
    }
    visit.on_answer.append(
        lambda answer: replace(answer, headers={**answer.headers, **found}) if answer.backend else answer
    )
    return None
