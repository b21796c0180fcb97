# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a request may be so that the patterns of its host are soon done with it. PRIVATE to the collection.

Tenants write both: the pattern, and a path of another rule from which a request is made. Longer requests are neither
searched nor asked; the same ones on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._kube.patterns import LONGEST, longest_text
from .site import Server
from .snippets.blocks import NOTHING, Block, branches_of


def longest_request(server: Server) -> int:
    """Return how many characters a target, or the value of a header, may have."""
    return min(map(longest_text, set(_patterns(server))), default=LONGEST)


def _patterns(server: Server) -> Iterator[str]:
    yield from _written(server.snippet)
    for location in server.locations:
        if server.regex:
            yield location.path
        yield from _written(location.policy.snippets.location)
        if location.upstream and location.upstream.alternative:
            canary = location.upstream.alternative.upstream.canary
            if canary and canary.pattern:
                yield canary.pattern


def _written(block: Block) -> Iterator[str]:
    if block is NOTHING:
        return
    for branch in branches_of(block):
        if "~" in branch.condition.operator:
            yield branch.condition.operand
        yield from _written(branch.block)
    for location in block.locations:
        if location.modifier.startswith("~"):
            yield location.path
        yield from _written(location.block)
