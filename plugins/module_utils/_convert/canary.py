# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests a canary gets, as conditions of routes (semantics.md B.10, Mapping). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import gcd
from typing import Any

from .._istio.regex import LIMIT, UnsupportedPatternError, literal, translate
from .._nginx.families.canary import Canary
from .._nginx.phases.balancing import header_name
from .._nginx.site import Problem, Upstream

_LARGEST = 1_000_000_000
"""The largest sum of weights that is written; shares of larger totals are rounded to it."""

# Headers that a gateway changes before it chooses a route.
_NOT_AS_SENT = frozenset(
    ("host", "connection", "keep-alive", "te", "transfer-encoding", "upgrade", "x-forwarded-for", "x-forwarded-proto")
)


class UnroutableCanaryError(ValueError):
    """A canary asks for what a route cannot say; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Share:
    """An upstream and its weight among those that share a request."""

    upstream: Upstream
    weight: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets the requests that fulfil ``conditions`` (fields of a route's match); ``suffix`` names the route."""

    suffix: str
    shares: tuple[Share, ...]
    conditions: dict[str, Any] = field(default_factory=dict)


def alternative_of(primary: Upstream) -> Upstream | None:
    """Return the canary that shares the requests of ``primary`` at present, None where nginx asks none.

    nginx falls back to the primary while a canary has no endpoints, and answers 503 while the primary has none.
    """
    alternative = primary.alternative.upstream if primary.alternative else None
    if alternative is None or alternative.canary is None:
        return None
    return None if primary.problem is not Problem.NONE or alternative.problem is not Problem.NONE else alternative


def choices(primary: Upstream) -> list[Choice]:
    """Return who gets which requests: the first choice whose conditions hold counts, the last one has none.

    Raises UnroutableCanaryError.
    """
    alternative = alternative_of(primary)
    if alternative is None or alternative.canary is None:
        return [Choice("", (Share(primary, 1),))]
    canary = alternative.canary
    rest = Choice("", tuple(_split(primary, alternative, canary)))
    decided = [
        Choice(f"/{name}", (Share(alternative if leads else primary, 1),), {"headers": {header: condition}})
        for name, header, condition, leads in _conditions(canary)
    ]
    while decided and decided[-1].shares == rest.shares:
        decided.pop()
    return [*decided, rest]


def _conditions(canary: Canary) -> Iterator[tuple[str, str, dict[str, str], bool]]:
    """Yield name, header and condition of each rule, in nginx's order, and whether it leads to the canary."""
    header = header_name(canary)
    if header in _NOT_AS_SENT:
        raise UnroutableCanaryError(f"the gateway changes the header {header}, which decides")
    if header and canary.value:
        yield "canary", header, {"exact": canary.value}, True
    elif header and canary.pattern:
        yield "canary", header, {"regex": _anywhere(canary.pattern)}, True
    elif header:
        yield "canary", header, {"exact": "always"}, True
        yield "primary", header, {"exact": "never"}, False
    if canary.cookie:
        yield "canary-cookie", "cookie", {"regex": _cookie(canary.cookie, "always")}, True
        yield "primary-cookie", "cookie", {"regex": _cookie(canary.cookie, "never")}, False


def _split(primary: Upstream, alternative: Upstream, canary: Canary) -> Iterator[Share]:
    scale = max(1, canary.total // _LARGEST)
    ours, others = canary.weight // scale, (canary.total - canary.weight) // scale
    ours, others = max(ours, bool(canary.weight)), max(others, canary.weight < canary.total)
    divisor = gcd(ours, others)
    if others:
        yield Share(primary, others // divisor)
    if ours:
        yield Share(alternative, ours // divisor)


def _anywhere(pattern: str) -> str:
    """Return an expression for the whole of a header that holds a match of ``pattern``, with case."""
    if "(?" in pattern.replace("(?:", ""):
        raise UnroutableCanaryError("canary-by-header-pattern has groups of a special kind")
    try:
        whole = f".*(?:{translate(pattern)}).*"
    except UnsupportedPatternError as error:
        raise UnroutableCanaryError(f"canary-by-header-pattern uses {error}, which Envoy cannot match") from error
    return _checked(whole)


def _cookie(name: str, value: str) -> str:
    """Return an expression for a Cookie header whose first cookie ``name`` has ``value``.

    Names are compared without case; a piece of the header ends at a semicolon or a comma, a value at a semicolon.
    """
    other, first = " *(?:[^ =;,][^;,]*)?", True
    for number in range(len(name) - 1, -1, -1):
        first = number == 0
        both = _both_cases(name[number])
        other = f"(?:[^;,{' ' if first else ''}{both}][^;,]*|[{both}]{other})?"
    whole_name = "".join(f"[{_both_cases(character)}]" for character in name)
    return _checked(f"(?:{other}[;,] *)*{whole_name} *= *{literal(value)}(?:;.*)?")


def _both_cases(character: str) -> str:
    if character.isalpha():
        return character.lower() + character.upper()
    return character if character in " /:_~" or character.isdigit() else f"\\{character}"


def _checked(pattern: str) -> str:
    if len(pattern) > LIMIT:
        raise UnroutableCanaryError(f"its condition has more than {LIMIT} characters")
    return pattern
