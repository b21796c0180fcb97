# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hand-written directives do to a request and to the answer, by the model of nginx (semantics.md 0.5). PRIVATE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from ..._http.exchange import Answer, Request
from ..._http.header_lines import SAMPLES, HeaderLines, by_status
from ..._kube.patterns import is_costly
from ..site import Location, Server, Site
from .blocks import NOTHING, SAFE_STATUSES, Block, Condition, Return, WrittenLocation, beside, inherited
from .text import expanded, placed

_OK = 200
_HSTS = "strict-transport-security"


def server_block(site: Site, server: Server) -> Block:
    """Return what holds in every location of a server, its own directives and the ConfigMap's."""
    if server.redirects_to:
        return site.settings.http_block
    return inherited(site.settings.http_block, beside(site.settings.server_block, server.snippet))


def location_block(site: Site, server: Server, location: Location) -> Block:
    """Return what holds in a location, with what it inherits; one that is denied has no directives of its own."""
    outer, policy = server_block(site, server), location.policy
    written = beside(site.settings.location_block, policy.snippets.location)
    own = NOTHING if policy.denied else beside(policy.headers.custom, written)
    if outer.additions and not policy.denied and "auth-url" in policy.present:
        # The controller's own add_header for cookies of the authentication keeps nginx from inheriting others.
        outer = replace(outer, additions=())
    return inherited(outer, own)


def place_of(server: Server, location: Location | None) -> dict[str, str]:
    """Return the variables that the controller sets in a location (ingress-nginx ``nginx.tmpl``)."""
    place = {"server_name": server.host}
    if location and location.ingress and location.upstream and not location.implicit:
        upstream = location.upstream
        place |= {
            "ingress_name": location.ingress.key.name,
            "location_path": location.rule_path,
            "namespace": location.ingress.key.namespace,
            "proxy_upstream_name": f"{upstream.namespace}-{upstream.service}-{upstream.written_port}",
            "service_name": upstream.service,
            "service_port": upstream.written_port,
        }
    return place


def script_answer(block: Block, request: Request) -> tuple[Return | None, Block]:
    """Return what the script of a level answers, and the level that then counts: that of the last ``if`` that holds."""
    current = block
    for item in block.script:
        if isinstance(item, Return):
            return item, current
        if holds(item.condition, request):
            current = inherited(block, item.block)
            found = next((inner for inner in item.block.script if isinstance(inner, Return)), None)
            if found:
                return found, current
    return None, current


def holds(condition: Condition, request: Request) -> bool:
    """Tell whether the condition of an ``if`` holds (nginx ``ngx_http_rewrite_module.c``)."""
    value = expanded((f"${condition.variable}",), request)
    if condition.operator in ("=", "!="):
        return (value == condition.operand) == (condition.operator == "=")
    if condition.operator:
        found = _compiled(condition.operand, condition.operator.endswith("*")).search(value) is not None
        return found != condition.operator.startswith("!")
    return value not in ("", "0")


@lru_cache(maxsize=1024)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    # One that the model may never finish stands for none; its host is not converted.
    return re.compile("(?!)" if is_costly(pattern) else pattern, re.IGNORECASE if ignore_case else re.NOFLAG)


def written_location(server_level: Block, path: str) -> WrittenLocation | None:
    """Return the hand-written location that takes ``path``: exact, then expressions in order, then prefixes."""
    prefixes: list[WrittenLocation] = []
    for item in server_level.locations:
        if item.modifier == "=" and item.path == path:
            return item
        if item.modifier in ("", "^~") and path.startswith(item.path):
            prefixes.append(item)
    longest = max(prefixes, key=lambda item: len(item.path), default=None)
    if longest and longest.modifier == "^~":
        return longest
    for item in server_level.locations:
        if item.modifier in ("~", "~*") and _compiled(item.path, item.modifier == "~*").search(path):
            return item
    return longest


def own_answer(found: Return | None, request: Request, place: Mapping[str, str], *, relative: bool = False) -> Answer:
    """Return the answer of a ``return``; None is a location that denies everybody."""
    if found is None:
        return Answer(403, phase="snippet")
    location = expanded(placed(found.location, place), request)
    if location.startswith("/") and not relative:
        location = f"{request.scheme}://{request.host.partition(':')[0].lower()}{location}"
    return Answer(found.status, location=location, phase="snippet")


def changed(answer: Answer, block: Block, request: Request, place: Mapping[str, str]) -> Answer:
    """Return ``answer`` with the changes of ``block`` made to its headers."""
    if not block.changes_response:
        return answer
    if not answer.backend:
        return replace(answer, headers=_headers_at(answer.status, answer.headers, block, request, place, own=True))
    usual, *rest = (_headers_at(status, answer.headers, block, request, place, own=False) for status in (_OK, *SAMPLES))
    return replace(answer, headers=by_status(usual, dict(zip(SAMPLES, rest, strict=True))))


def _headers_at(
    status: int, known: Mapping[str, str], block: Block, request: Request, place: Mapping[str, str], *, own: bool
) -> dict[str, str]:
    lines = HeaderLines(known, open_ended=not own)
    for name in () if own else block.hidden:
        # What the controller itself sets comes later, and stays.
        if name not in known:
            lines.clear(name)
    for change in block.changes:
        # The controller sets HSTS after headers-more, so a snippet changes it only where the controller does not.
        if change.name == _HSTS and _HSTS in known:
            continue
        if not change.statuses or status in change.statuses:
            value = expanded(placed(change.text, place), request)
            lines.put(change.name, value) if value else lines.clear(change.name)
    if block.expires and status in SAFE_STATUSES:
        lines.put("expires", block.expires.fixed or f"(now {block.expires.seconds:+d} s)")
        lines.put("cache-control", block.expires.control)
    for change in block.additions:
        if change.statuses and status not in change.statuses:
            continue
        value = expanded(placed(change.text, place), request)
        if value:
            lines.put(change.name, value) if change.kind == "set" else lines.add(change.name, value)
    return lines.lines()


def requested(block: Block, request: Request, place: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of the request to the backend that ``block`` changes, empty for removed."""
    in_order = sorted(block.requested, key=lambda item: item.late)
    return {item.name: expanded(placed(item.text, place), request) for item in in_order}
