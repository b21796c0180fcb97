# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand-written directives of a whole host (semantics.md A.4 114, B.18). PRIVATE to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from .._findings.finding import Finding, Source
from .._istio.regex import literal
from .._kube.objects import ObjectKey
from .._nginx.phases.locating import settled_paths
from .._nginx.site import Server
from .._nginx.snippets.blocks import NOTHING, Block, Branch, WrittenLocation, first_return, inherited
from .._nginx.snippets.effect import place_of, server_block
from .._nginx.snippets.hosts import rules_obstacle
from .body_size import BODY_SIZE, limit_of
from .conditions import NoSuchConditionError, condition_match, location_match
from .context import Context
from .draft import Draft, Step, Variant, join_conditions
from .snippets import (
    RESPONSE,
    WITHOUT_HSTS,
    action_of,
    change_responses,
    not_converted,
    response_config,
    script_obstacles,
)

WRITTEN_SUFFIX, SERVER_SUFFIX = "/location-", "/server-if-"
"""How the names of routes go on that answer for a location of a snippet, and for an ``if`` of a whole server."""

_LONGEST = 400
"""Characters of paths in one condition; escaped they may be twice as many."""

_CONFIGMAP = ObjectKey("ConfigMap", "", "")


def written_locations(server: Server, drafts: Sequence[Draft], context: Context) -> list[Finding]:
    """Put the locations that a snippet holds before those of the controller, and say what keeps a host on nginx."""
    block = server_block(context.site, server)
    if block is NOTHING:
        return []
    found = [not_converted(server, _source(server), name, reason) for name, reason in _obstacles(server, block)]
    if not found and drafts:
        for index, location in reversed(list(enumerate(_in_order(block.locations)))):
            level = inherited(block, location.block)
            action, changes = action_of(first_return(location.block), None)
            config = response_config((WITHOUT_HSTS, *changes), level, place_of(server, None))
            variant = Variant(f"{WRITTEN_SUFFIX}{index}", filters={RESPONSE: config})
            match = join_conditions(location_match(location), drafts[0].guard)
            match = join_conditions(match, _without_settled(server, location))
            drafts[0].steps.insert(0, Step(variant, action, (match,)))
    return found


def _without_settled(server: Server, written: WrittenLocation) -> dict[str, Any]:
    """Return the condition that leaves a path alone which nginx gives to the controller's location first."""
    settled = _settled(server, written)
    if not settled:
        return {}
    paths = "|".join(map(literal, settled))
    return {"withoutHeaders": {":path": {"regex": rf"(?:{paths})(?:\?.*)?"}}}


def _settled(server: Server, written: WrittenLocation) -> list[str]:
    """Return the paths that a hand-written regular expression takes and that are settled before it is asked."""
    if server.regex or written.modifier not in ("~", "~*"):
        return []
    pattern = re.compile(written.path, re.IGNORECASE if written.modifier == "~*" else re.NOFLAG)
    paths = {path for location in server.locations for path in settled_paths(location)}
    return sorted(path for path in paths if pattern.search(path))


def server_script(server: Server, drafts: list[Draft], context: Context) -> None:
    """Give the answers of ``return`` and ``if`` in a server before everything else of the host.

    ``drafts`` shrinks to the last one where no request comes further than that.
    """
    block = server_block(context.site, server)
    place = place_of(server, None)
    if not block.script or not drafts:
        return
    final = first_return(block)
    if final:
        root = drafts[-1]
        root.main, changes = action_of(final, None)
        root.steps, root.variants, root.patches = [], [Variant()], {}
        root.filters = {RESPONSE: response_config((WITHOUT_HSTS, *changes), block, place)}
        root.everywhere[BODY_SIZE] = limit_of(0)
        root.matches = [{"uri": {"prefix": "/"}, **root.guard}]
        drafts[:] = [root]
    steps: list[Step] = []
    for index, item in enumerate(block.script):
        if not isinstance(item, Branch):
            break
        answer = first_return(item.block)
        if answer:
            level = inherited(block, item.block)
            action, changes = action_of(answer, None)
            config = response_config((WITHOUT_HSTS, *changes), level, place)
            match = join_conditions(condition_match(item.condition), drafts[0].guard)
            steps.append(Step(Variant(f"{SERVER_SUFFIX}{index}", filters={RESPONSE: config}), action, (match,)))
    drafts[0].steps[:0] = steps


def server_headers(server: Server, drafts: Sequence[Draft], context: Context) -> None:
    """Change the headers of what nginx answers in the server itself, which inherits nothing from locations."""
    block = server_block(context.site, server)
    if block.changes_response:
        for draft in drafts:
            change_responses(draft, response_config((), block, place_of(server, None)))


def _obstacles(server: Server, block: Block) -> Iterator[tuple[str, str]]:
    """Yield (directive, reason) for what keeps the host on nginx."""
    yield from ((item.directive, item.reason) for item in block.obstacles)
    yield from script_obstacles(block)
    if block.rules:
        for location in server.locations:
            own = location.policy
            lists = {"allowlist-source-range", "denylist-source-range"} & own.present
            reason = "" if lists or own.snippets.location.rules else rules_obstacle(block.rules, own)
            if reason:
                yield "deny", reason
                return
    for written in block.locations:
        reason = _location_obstacle(server, block, written)
        if reason:
            yield "location", reason


def _location_obstacle(server: Server, block: Block, written: WrittenLocation) -> str:
    """Return why a hand-written location cannot stand before all others, empty where it can."""
    try:
        location_match(written)
    except NoSuchConditionError as error:
        return str(error)
    if any(isinstance(item, Branch) for item in written.block.script):
        return "conditions inside of it"
    if written.modifier in ("~", "~*"):
        # The condition for paths that are settled before is one regular expression, too.
        long = sum(map(len, _settled(server, written))) > _LONGEST
        return "many exact locations have some of its paths" if long else ""
    if written.modifier == "=":
        return "the path has a location" if any(item.path == written.path for item in server.locations) else ""
    if server.regex or any(item.modifier in ("~", "~*") for item in block.locations):
        return "a prefix beside regular expressions"
    # nginx takes the longest prefix, and refuses two of the same.
    longer = next((item.path for item in server.locations if item.path.startswith(written.path)), None)
    return f"it and {longer!r} take some of the same paths" if longer else ""


def _in_order(locations: Sequence[WrittenLocation]) -> list[WrittenLocation]:
    """Return locations in the order in which nginx tries them."""
    exact = [item for item in locations if item.modifier == "="]
    patterns = [item for item in locations if item.modifier in ("~", "~*")]
    prefixes = [item for item in locations if item.modifier in ("", "^~")]
    return exact + patterns + sorted(prefixes, key=lambda item: -len(item.path))


def _source(server: Server) -> Source:
    owner = next((item.key for item in server.ingresses if item.named.get("server-snippet")), None)
    return Source(owner, annotation="server-snippet") if owner else Source(_CONFIGMAP, field="data.server-snippet")
