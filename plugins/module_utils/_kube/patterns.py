# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions that a backtracking engine may never finish (design.md, rule 12). PRIVATE to the collection.

Tenants write them, and the models run them with Python's engine, which backtracks; Envoy's does not. How often it may
have to turn back grows with the length of the text: by one power for each repetition without a bound, and by a factor
for each choice. What may turn back inside a repetition grows without any such bound.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]?", re.DOTALL)
_GROUP = re.compile(r"\((?:\?(?:P?<[A-Za-z_]\w*>|[:=!>|]|<[=!]|[aiLmsux-]*[:)]?))?", re.ASCII)
_REPEAT = re.compile(r"(?:[*+?]|\{(\d{0,9})(?:(,)(\d{0,9}))?\})[?+]?")
_STEPS = 1_000_000
"""Steps that one text may take: some hundredths of a second."""
_ALWAYS = 40
"""The length of text up to which each pattern that is not costly stays within them."""
LONGEST = 8000
"""Characters of the longest texts that are matched at all: no plane takes longer lines."""
_LONG = 10
_DEEP = 50


class _CostlyError(Exception):
    """A repetition holds something that may match a text in several ways."""


@dataclass(slots=True)
class _Cost:
    """Of a part of a pattern: its repetitions without a bound, and in how many ways its choices may be made."""

    powers: int = 0
    ways: float = 1.0

    @property
    def is_choice(self) -> bool:
        return self.powers > 0 or self.ways > 1


@dataclass(slots=True)
class _Branches:
    """An open group: its finished branches, the one that is read, what each begins with, and its last item."""

    done: list[_Cost] = field(default_factory=list)
    begins: list[str] = field(default_factory=list)
    current: _Cost = field(default_factory=_Cost)
    begin: str | None = None
    item: _Cost = field(default_factory=_Cost)

    def add(self, item: _Cost, begin: str) -> None:
        """Take the next item; ``begin`` is the one character that it must begin with, empty where that is open."""
        self.settle()
        self.item = item
        self.begin = begin if self.begin is None else self.begin

    def settle(self) -> None:
        """Count the last item, which nothing repeats any more."""
        self.current.powers += self.item.powers
        self.current.ways *= self.item.ways
        self.item = _Cost()

    def next_branch(self) -> None:
        """End a branch."""
        self.settle()
        self.done.append(self.current)
        self.begins.append((self.begin or "").lower())
        self.current, self.begin = _Cost(), None

    def total(self) -> _Cost:
        """Return the cost of the group; branches that begin in different ways are no choice."""
        self.next_branch()
        distinct = all(self.begins) and len(set(self.begins)) == len(self.begins)
        ways = [branch.ways for branch in self.done]
        return _Cost(max(branch.powers for branch in self.done), max(ways) if distinct or len(ways) == 1 else sum(ways))


def is_costly(pattern: str) -> bool:
    """Tell whether ``pattern`` may take a text of 40 characters more than a million steps."""
    cost = _cost(pattern)
    return cost is None or _steps(cost, _ALWAYS) > _STEPS


def longest_text(pattern: str) -> int:
    """Return the most characters of a text for which ``pattern``, which is not costly, takes a million steps at most.

    It is 8,000 at most: no plane takes longer lines.
    """
    cost = _cost(pattern)
    if cost is None:
        return 0
    if not cost.powers:
        return LONGEST
    length = (_STEPS * math.factorial(cost.powers) / cost.ways) ** (1 / cost.powers)
    return min(LONGEST, max(int(length), _ALWAYS if _steps(cost, _ALWAYS) <= _STEPS else 0))


def _steps(cost: _Cost, length: int) -> float:
    return cost.ways * float(length**cost.powers) / math.factorial(cost.powers)


def _cost(pattern: str) -> _Cost | None:
    """Return the cost of a pattern, None where it has no bound."""
    stack = [_Branches()]
    index = 0
    try:
        while index < len(pattern):
            index = _step(pattern, index, stack)
        while len(stack) > 1:
            _close(stack)
    except (_CostlyError, OverflowError):
        return None
    cost = stack[0].total()
    return cost if cost.powers <= _LONG and cost.ways <= _STEPS else None


def _step(pattern: str, index: int, stack: list[_Branches]) -> int:
    """Take what stands at ``index`` and return where the next item stands."""
    character = pattern[index]
    repeat = _REPEAT.match(pattern, index)
    if repeat:
        stack[-1].item = _repeated(stack[-1].item, repeat)
        return repeat.end()
    if character == "(":
        opened = _GROUP.match(pattern, index)
        if len(stack) > _DEEP:
            raise _CostlyError
        if opened is None or not opened[0].endswith(")"):
            stack.append(_Branches())
        return opened.end() if opened else index + 1
    if character == ")" and len(stack) > 1:
        _close(stack)
    elif character == "|":
        stack[-1].next_branch()
    elif character == "[":
        found = _CLASS.match(pattern, index)
        stack[-1].add(_Cost(), "")
        return found.end() if found else index + 1
    elif character == "\\":
        following = pattern[index + 1 : index + 2]
        stack[-1].add(_Cost(), "" if following.isalnum() else following)
        return index + 2
    else:
        stack[-1].add(_Cost(), "" if character in ".^$" else character)
    return index + 1


def _close(stack: list[_Branches]) -> None:
    group = stack.pop()
    cost = group.total()
    stack[-1].add(cost, group.begins[0] if len(group.begins) == 1 else "")


def _repeated(item: _Cost, repeat: re.Match[str]) -> _Cost:
    """Return the cost of an item that is repeated. Raises _CostlyError."""
    least, most = _bounds(repeat)
    if most is None or most > _LONG:
        if item.is_choice:
            raise _CostlyError
        return _Cost(powers=1)
    return _Cost(item.powers * most, item.ways ** max(most, 1) * (max(most - least, 0) + 1))


def _bounds(repeat: re.Match[str]) -> tuple[int, int | None]:
    sign = repeat[0][0]
    if sign != "{":
        return (1 if sign == "+" else 0), (1 if sign == "?" else None)
    least = int(repeat[1] or 0)
    if not repeat[2]:
        return least, (least if repeat[1] else None)
    return least, int(repeat[3]) if repeat[3] else None
