# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand-written directives of nginx in a location (semantics.md A.4 113 to 115, B.18). PRIVATE to the collection.

Header changes of the response are one Lua filter on every route of the location, since nginx makes them on its own
answers, too, and some of them depend on the status.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.formatter import plain
from .._istio.lua import request_headers, response_headers
from .._nginx.families.external_auth import auth_headers
from .._nginx.families.snippets import NO_SNIPPETS
from .._nginx.site import Location, Server
from .._nginx.snippets.blocks import (
    NOTHING,
    SAFE_STATUSES,
    Block,
    HeaderChange,
    Return,
    branches_of,
    first_return,
    inherited,
)
from .._nginx.snippets.effect import location_block, place_of
from .._nginx.snippets.hosts import rules_obstacle
from .._nginx.snippets.text import PLACES, Text, constant, placed
from .conditions import NoSuchConditionError, condition_match
from .context import Context
from .differences import Situation
from .draft import Draft, Step, Variant
from .features import Feature
from .generated import generated_answer
from .redirects import own_redirect

_LUA = "envoy.extensions.filters.http.lua.v3"


def _program(name: str, text: str, rank: int) -> Feature:
    settings = {"default_source_code": {"inline_string": text}}
    return Feature(name, f"{_LUA}.Lua", f"{_LUA}.LuaPerRoute", rank, settings)


# nginx's header filters see what all other phases made of an answer, the proxy module what they made of a request.
RESPONSE = _program("i2i.response-headers", response_headers.PROGRAM, rank=5)
REQUEST = _program("i2i.request-headers", request_headers.PROGRAM, rank=90)
_HSTS = "strict-transport-security"
WITHOUT_HSTS = HeaderChange("clear", _HSTS)
"""nginx adds HSTS in the controller's locations alone, the gateway to all that https gives."""


def scripted(draft: Draft, context: Context) -> list[Finding]:
    """Give the answers of ``return`` and ``if`` in their order, and let header changes of an ``if`` differ."""
    location = draft.location
    block = location_block(context.site, draft.server, location)
    if block is NOTHING and location.policy.snippets is NO_SNIPPETS:
        return []
    found = [*_obstacles(draft, block), *_verdicts(draft)]
    if not block.script or any(item.holds_back for item in found):
        return found
    place, hsts = place_of(draft.server, location), context.site.settings.hsts.value
    layers: list[Variant] = []
    for index, item in enumerate(block.script):
        if isinstance(item, Return):
            draft.answered = True
            draft.main, changes = action_of(item, draft.location)
            draft.filters[RESPONSE] = response_config(changes, block, place, hsts=hsts)
            break
        level = inherited(block, item.block)
        answer = first_return(item.block)
        action, changes = action_of(answer, location) if answer else ({}, ())
        config = response_config(changes, level, place, hsts=hsts)
        variant = Variant(f"/if-{index}", condition_match(item.condition), filters={RESPONSE: config})
        if answer:
            draft.steps.append(Step(variant, action))
        else:
            # The last condition that holds counts.
            layers.insert(0, variant)
    draft.layers += layers
    draft.variants = [known.narrowed(layer) for layer in layers for known in draft.variants] + draft.variants
    return found


def written_headers(draft: Draft, context: Context) -> list[Finding]:
    """Change the headers of all answers of the location, and those of its requests to the backend."""
    block = location_block(context.site, draft.server, draft.location)
    if block is NOTHING:
        return []
    place = place_of(draft.server, draft.location)
    if block.changes_response:
        change_responses(draft, response_config((), block, place, hsts=context.site.settings.hsts.value))
        for name in block.hidden:
            draft.set_response_header(name, "")
    if block.requested and "route" in draft.main:
        _change_requests(draft, block, place)
    return []


def change_responses(draft: Draft, config: Mapping[str, Any]) -> None:
    """Put ``config`` on every route of a draft that does not have another one."""
    draft.steps = [
        step if RESPONSE in step.variant.filters else replace(step, variant=_with(step.variant, config))
        for step in draft.steps
    ]
    draft.filters.setdefault(RESPONSE, config)


def _with(variant: Variant, config: Mapping[str, Any]) -> Variant:
    return replace(variant, filters={**variant.filters, RESPONSE: config})


def _change_requests(draft: Draft, block: Block, place: Mapping[str, str]) -> None:
    in_order = sorted(block.requested, key=lambda item: item.late)
    texts = {item.name: placed(item.text, place) for item in in_order}
    if all(constant(text) is not None for text in texts.values()):
        for name, text in texts.items():
            draft.set_request_header(name, plain(constant(text) or ""))
        return
    changes = [{"name": name, "parts": list(text)} for name, text in texts.items()]
    draft.filters[REQUEST] = REQUEST.on_route({"filter_context": {"changes": changes}})


def response_config(
    first: tuple[HeaderChange, ...], block: Block, place: Mapping[str, str], *, hsts: str = ""
) -> dict[str, Any]:
    """Return what the program has to change on a route: ``first``, then what ``block`` says.

    With ``hsts`` the controller sets its own header on https, after headers-more has run.
    """
    changes = [_data(change, place) for change in first]
    for change in block.changes:
        late = {"only": "http"} if hsts and change.name == _HSTS else {}
        changes.append({**_data(change, place), **late})
    if block.expires:
        safe = frozenset(SAFE_STATUSES)
        control = HeaderChange("set", "cache-control", (f"={block.expires.control}",), safe)
        date = HeaderChange("set", "expires", (f"={block.expires.fixed}",) if block.expires.fixed else (), safe)
        dated = _data(date, place)
        changes += [dated if block.expires.fixed else {**dated, "kind": "expires", "seconds": block.expires.seconds}]
        changes.append(_data(control, place))
    changes += [_data(change, place) for change in block.additions]
    return RESPONSE.on_route({"filter_context": {"changes": changes}})


def _data(change: HeaderChange, place: Mapping[str, str]) -> dict[str, Any]:
    # A backend's answer has one media type, and clients take the last one that nginx would write.
    kind = "set" if change.name == "content-type" else change.kind
    data: dict[str, Any] = {"kind": kind, "name": change.name}
    if change.text:
        data["parts"] = list(placed(change.text, place))
    if change.statuses:
        data["statuses"] = [str(status) for status in sorted(change.statuses)]
    return data


def action_of(answer: Return | None, location: Location | None) -> tuple[dict[str, Any], tuple[HeaderChange, ...]]:
    """Return the fields of a route that answers as ``return`` does, and changes of headers that belong to it.

    Without ``answer`` it is that of a location that denies everybody.
    """
    if answer is None:
        return generated_answer(403), ()
    if not answer.location:
        return _plain_answer(answer), ()
    relative = location is not None and location.policy.redirects.relative
    fixed = constant(answer.location)
    first = answer.location[0]
    text: Text = answer.location
    if first.startswith("=/") and not relative:
        text = ("$scheme", "=://", "$host", *text)
    elif fixed is not None:
        return own_redirect(answer.status, plain(fixed)), ()
    return {"directResponse": {"status": answer.status}}, (HeaderChange("set", "location", text),)


def _plain_answer(answer: Return) -> dict[str, Any]:
    if answer.body:
        return {
            "directResponse": {"status": answer.status, "body": {"string": answer.body}},
            "headers": {"response": {"set": {"content-type": "text/html"}}},
        }
    return (
        generated_answer(answer.status) if answer.status >= _ERRORS else {"directResponse": {"status": answer.status}}
    )


_ERRORS = 400


def not_converted(server: Server, source: Source, directive: str, reason: str) -> Finding:
    """Return the finding that holds a host back for a directive."""
    values = {"directive": repr(directive), "reason": f" ({reason})" if reason else ""}
    return finding("SNIPPET-NOT-CONVERTED", source, host=server.host, **values)


def script_obstacles(block: Block) -> Iterator[tuple[str, str]]:
    """Yield (directive, reason) for what a script asks and no route does."""
    for branch in branches_of(block):
        try:
            condition_match(branch.condition)
        except NoSuchConditionError as error:
            yield "if", str(error)
    answers = [item for level in (block, *(branch.block for branch in branches_of(block))) for item in level.script]
    for answer in answers:
        if isinstance(answer, Return) and not answer.body and answer.status >= _ERRORS:
            try:
                generated_answer(answer.status)
            except KeyError:
                yield "return", f"status {answer.status} without a text"


def _obstacles(draft: Draft, block: Block) -> Iterator[Finding]:
    """Yield what of the location's own directives keeps the host on nginx."""
    location, policy = draft.location, draft.location.policy
    own = policy.snippets.location
    source = _source(location, "configuration-snippet")
    if source is None:
        return
    found = [(item.directive, item.reason) for item in own.obstacles] + list(script_obstacles(block))
    conditional = any(True for __ in branches_of(block))
    if conditional and policy.cors:
        found.append(("if", "beside the conditions of cross-origin answers"))
    if conditional and draft.guard:
        found.append(("if", "on a host whose routes have conditions of their own"))
    if own.rules:
        reason = rules_obstacle(own.rules, policy)
        found += [("deny", reason)] if reason else []
    if location.implicit and _names_place(block):
        found.append(("$namespace", "in the location that nginx adds itself"))
    if block.script and "custom-http-errors" in policy.present:
        found.append(("return", "beside error pages of another service"))
    for directive, reason in found:
        yield not_converted(draft.server, source, directive, reason)


def _names_place(block: Block) -> bool:
    texts = [item.text for item in block.header_changes] + [item.text for item in block.requested]
    return any(part[0] == "$" and part[1:] in PLACES - {"server_name"} for text in texts for part in text)


def _source(location: Location, annotation: str) -> Source | None:
    return Source(location.ingress.key, annotation=annotation) if location.ingress else None


def _verdicts(draft: Draft) -> Iterator[Finding]:
    """Yield what becomes of the snippets that are no directives of the location."""
    ingress, policy = draft.location.ingress, draft.location.policy
    if ingress is None:
        return
    for name in policy.snippets.removed:
        yield finding("SNIPPET-IGNORED", Source(ingress.key, annotation=name), host=draft.server.host)
    if policy.snippets.removed:
        return
    if "stream-snippet" in policy.present:
        yield finding("STREAM-SNIPPET", Source(ingress.key, annotation="stream-snippet"), host=draft.server.host)
    unread = auth_headers(ingress.named.get("auth-snippet", "")) is None
    if unread and policy.external_auth.question is not None:
        source = Source(ingress.key, annotation="auth-snippet")
        yield not_converted(draft.server, source, "auth-snippet", "directives of the question to another service")


def changes_of(situation: Situation) -> set[str]:
    """Return the headers that hand-written directives change where a request is."""
    if situation.location is None:
        return set()
    block = location_block(situation.site, situation.server, situation.location)
    levels = (block, *(branch.block for branch in branches_of(block)))
    names = {change.name for level in levels for change in level.header_changes}
    return names | ({"expires", "cache-control"} if any(level.expires for level in levels) else set())
