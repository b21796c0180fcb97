# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a parsed document is plain JSON, as an API server would take it. PRIVATE to the collection.

YAML can say more than JSON: dates, sets, keys that are no text, text that is no Unicode, loops, and a few lines of
aliases that stand for gigabytes. None of it may reach what hashes and writes objects.
"""

from __future__ import annotations

import math
from typing import Any

_DEPTH = 100
_VALUES = 5_000_000
_INTEGERS = range(-(2**63), 2**64)


class NotPlainError(ValueError):
    """A document cannot be written as JSON, or only as a huge one; ``str()`` says why, as the end of a sentence."""


def require_plain(document: Any) -> None:
    """Raise NotPlainError unless ``document`` is made of JSON's types, less than 100 levels deep, and not huge.

    Each value is looked at once, however often aliases repeat it.
    """
    _size(document, {}, 0)


def _size(value: Any, known: dict[int, int], depth: int) -> int:
    """Return how many values ``value`` would be written as; ``known`` are the sizes found so far, by identity."""
    if not isinstance(value, dict | list):
        _require_scalar(value)
        return 1
    if id(value) not in known:
        if depth == _DEPTH:
            raise NotPlainError(f"is nested more than {_DEPTH} levels deep")
        if isinstance(value, dict):
            for name in value:
                _require_name(name)
        size = 1 + sum(_size(item, known, depth + 1) for item in (value.values() if isinstance(value, dict) else value))
        if size > _VALUES:
            raise NotPlainError(f"stands for more than {_VALUES} values")
        known[id(value)] = size
    return known[id(value)]


def _require_name(name: Any) -> None:
    if not isinstance(name, str):
        raise NotPlainError(f"has a key that is no text but {type(name).__name__}")
    _require_scalar(name)


def _require_scalar(value: Any) -> None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise NotPlainError("holds text that is no valid Unicode")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise NotPlainError("holds a number that JSON cannot say")
    elif isinstance(value, int):
        if value not in _INTEGERS:
            raise NotPlainError("holds a number of more than 64 bits")
    elif value is not None:
        raise NotPlainError(f"holds a value of type {type(value).__name__}, which JSON cannot say")
