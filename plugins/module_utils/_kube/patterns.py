# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions that a backtracking engine may never finish (design.md, rule 12). PRIVATE to the collection.

Tenants write them, and the models run them with Python's engine, which backtracks; Envoy's does not. What repeats a
repetition, or repeats too often, is not run.
"""

from __future__ import annotations

import re

_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]?", re.DOTALL)
_REPEAT = re.compile(r"[*+]|\{(\d{0,9})(?:,(\d{0,9}))?\}")
_MOST = 8
"""Repetitions without a bound in one expression: each may multiply the time by the length of the text."""
_LONG = 10


def is_costly(pattern: str) -> bool:
    """Tell whether ``pattern`` nests repetitions without a bound, or has more than a few of them."""
    count = index = 0
    open_groups: list[bool] = []
    # Whether what stands before ``index`` holds a repetition without a bound.
    before = False
    while index < len(pattern):
        character = pattern[index]
        repeat = _REPEAT.match(pattern, index)
        if repeat and _is_unbounded(repeat):
            count += 1
            if before or count > _MOST:
                return True
            if open_groups:
                open_groups[-1] = True
            before = False
            index = repeat.end()
        elif character == "[":
            found = _CLASS.match(pattern, index)
            index, before = (found.end() if found else index + 1), False
        elif character == "(":
            open_groups.append(False)
            index, before = index + 1, False
        elif character == ")" and open_groups:
            before = open_groups.pop()
            if before and open_groups:
                open_groups[-1] = True
            index += 1
        else:
            index, before = index + (2 if character == "\\" else 1), False
    return False


def _is_unbounded(repeat: re.Match[str]) -> bool:
    if repeat[0] in "*+":
        return True
    most = repeat[2] if repeat[2] is not None else repeat[1]
    return not most or int(most) > _LONG
