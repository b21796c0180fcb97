# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Negative look-aheads, which RE2 does not have, as a second condition of a route (semantics.md B.2). PRIVATE.

``/(?!api|x).*`` takes what ``/.*`` takes and ``/(?:api|x)`` does not begin. That is so where the look-ahead has one
place in a path: text of a fixed length stands before it, and nothing repeats it or chooses between it and other text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .regex import UnsupportedPatternError

_OPENING = "(?!"
_WHAT = "a negative look-ahead"
_BEFORE = re.compile(r"(?:\^?)(?:[A-Za-z0-9_/.~-]|\\[./_-]|\((?:\?:)?(?!\?))*", re.ASCII)
_GROUPS = re.compile(r"\((?:\?:)?")
_INSIDE = re.compile(r"(?:[A-Za-z0-9_/~|-]|\\[./_-]|\.\*?|\((?:\?:)?(?!\?)|\)|\$(?=[)|]|$))*", re.ASCII)
_TOKEN = re.compile(r"\\.|\.\*|\.|\$", re.DOTALL)
_QUANTIFIERS = "*+?{"


def without_lookahead(pattern: str) -> tuple[str, str]:
    """Return a pattern without its look-ahead, and an expression for the request targets that this keeps out.

    The expression is for a whole ``:path``, with its query; it is empty for a pattern without a look-ahead. Raises
    UnsupportedPatternError where the look-ahead does not have one place.
    """
    start = pattern.find(_OPENING)
    if start < 0:
        return pattern, ""
    before = pattern[:start]
    end = _end_of_group(pattern, start)
    inside, rest = pattern[start + len(_OPENING) : end], pattern[end + 1 :]
    one_place = _BEFORE.fullmatch(before) and _INSIDE.fullmatch(inside) and _OPENING not in rest
    if not one_place or not _stands_alone(rest):
        raise UnsupportedPatternError(_WHAT)
    fixed = _GROUPS.sub("", before.removeprefix("^"))
    return before + rest, f"(?i){_of_target(fixed)}(?:{_of_target(inside)}).*"


def _of_target(pattern: str) -> str:
    """Return ``pattern`` for a path that a query may follow."""
    other = {".": "[^?]", ".*": "[^?]*", "$": r"(?:$|\?)", r"\_": "_", r"\/": "/", r"\-": "-"}
    return _TOKEN.sub(lambda found: other.get(found[0], found[0]), pattern)


def _end_of_group(pattern: str, start: int) -> int:
    depth = 0
    for index, character in _outside_of_classes(pattern, start):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if not depth:
            return index
    raise UnsupportedPatternError("a group without its end")


def _stands_alone(rest: str) -> bool:
    """Tell whether what follows neither repeats the look-ahead nor is an alternative to it."""
    if rest[:1] in tuple(_QUANTIFIERS):
        return False
    depth = around = 0
    for index, character in _outside_of_classes(rest, 0):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < around:
            around = depth
            if rest[index + 1 : index + 2] in tuple(_QUANTIFIERS):
                return False
        if character == "|" and depth == around:
            return False
    return True


def _outside_of_classes(pattern: str, start: int) -> Iterator[tuple[int, str]]:
    """Yield the signs of a pattern that are neither escaped nor in a class, with their places."""
    index, in_class = start, False
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            index += 1
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
            index += 1  # a bracket at once closes nothing
        else:
            yield index, character
        index += 1
