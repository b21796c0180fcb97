# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Lua programs for header changes do, by the data of a route. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..._http.exchange import Answer
from ..._http.header_lines import SAMPLES, HeaderLines, by_status
from ..configuration import UnknownConfigurationError
from ..visit import Visit

_OK = 200


def request_headers(visit: Visit, config: Mapping[str, Any]) -> Answer | None:
    """Change what the backend gets."""
    changes = config["filter_context"]["changes"]
    visit.request_headers |= {change["name"]: text(visit, change.get("parts", ())) for change in changes}
    return None


def response_headers(visit: Visit, config: Mapping[str, Any]) -> Answer | None:
    """Remember what becomes of the answer, whoever gives it."""
    changes = config["filter_context"]["changes"]
    # Texts are made as the request passes.
    scheme = visit.header("x-forwarded-proto")
    usable = [change for change in changes if change.get("only", scheme) == scheme]
    made = [(change, text(visit, change.get("parts", ()))) for change in usable]
    visit.on_answer.append(lambda answer: _changed(answer, made))
    return None


def _changed(answer: Answer, changes: list[tuple[Mapping[str, Any], str]]) -> Answer:
    if not answer.backend:
        known = {**answer.headers, **({"location": answer.location} if answer.location else {})}
        found = _applied(HeaderLines(known, open_ended=False), changes, answer.status)
        return replace(answer, location=found.pop("location", ""), headers=found)
    usual, *others = (
        _applied(HeaderLines(answer.headers, open_ended=True), changes, status) for status in (_OK, *SAMPLES)
    )
    return replace(answer, headers=by_status(usual, dict(zip(SAMPLES, others, strict=True))))


def _applied(lines: HeaderLines, changes: Iterable[tuple[Mapping[str, Any], str]], status: int) -> dict[str, str]:
    for change, value in changes:
        if change.get("statuses") and str(status) not in change["statuses"]:
            continue
        kind, name = change["kind"], change["name"]
        if kind == "expires":
            lines.put(name, f"(now {change['seconds']:+d} s)")
        elif kind == "add":
            if value:
                lines.add(name, value)
        elif kind not in ("set", "clear"):
            raise UnknownConfigurationError(f"header change {kind}")
        elif value:
            lines.put(name, value)
        else:
            lines.clear(name)
    return lines.lines()


def text(visit: Visit, parts: Iterable[str]) -> str:
    """Return what a list of parts says for a request."""
    return "".join(_variable(visit, part[1:]) if part.startswith("$") else part[1:] for part in parts)


def _variable(visit: Visit, name: str) -> str:
    if name == "host":
        return visit.request.host.partition(":")[0].lower()
    if name in ("remote_addr", "the_real_ip"):
        return visit.request.client
    if name in ("args", "query_string"):
        return visit.target.partition("?")[2]
    return visit.header(_HEADERS.get(name) or name.removeprefix("http_").replace("_", "-"))


_HEADERS = {
    "best_http_host": ":authority",
    "http_host": ":authority",
    "pass_access_scheme": "x-forwarded-proto",
    "req_id": "x-request-id",
    "request_method": ":method",
    "request_uri": ":path",
    "scheme": "x-forwarded-proto",
}
