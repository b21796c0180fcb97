# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The response headers of an answer as changes are made to them, one after the other. PRIVATE to the collection.

Both witnesses describe by it what they do to headers that the backend sends and nobody knows beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping

REMOVED = "(removed)"
ADDED = "+ "

SAMPLES = (304, 404, 500, 503)
"""Statuses of a backend for which header changes are compared, besides 200."""


class HeaderLines:
    """Headers by name in lower case; ``open_ended`` where a backend sends others besides."""

    def __init__(self, known: Mapping[str, str], *, open_ended: bool) -> None:
        self._lines = dict(known)
        self._open_ended = open_ended

    def put(self, name: str, value: str) -> None:
        """Let ``name`` have this one value."""
        self._lines[name] = value

    def clear(self, pattern: str) -> None:
        """Remove ``pattern``, a name or the start of names with a ``*``."""
        stem = pattern.removesuffix("*")
        for name in [item for item in self._lines if item == pattern or (stem != pattern and item.startswith(stem))]:
            del self._lines[name]
        if self._open_ended:
            self._lines[pattern] = REMOVED

    def add(self, name: str, value: str) -> None:
        """Add a line to those that ``name`` has."""
        known = self._lines.get(name)
        if known is None:
            self._lines[name] = ADDED + value if self._open_ended else value
        else:
            self._lines[name] = value if known == REMOVED else f"{known}, {value}"

    def lines(self) -> dict[str, str]:
        """Return the headers: a value, ``+ value`` where the backend's lines stay, or ``(removed)``."""
        return self._lines


def by_status(usual: Mapping[str, str], others: Mapping[int, Mapping[str, str]]) -> dict[str, str]:
    """Return the headers at status 200, and as ``name (status)`` what is different at ``others``."""
    found = dict(usual)
    for status, lines in others.items():
        for name in usual.keys() | lines.keys():
            if usual.get(name) != lines.get(name):
                found[f"{name} ({status})"] = lines.get(name, "as the backend sends it")
    return found
