# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What block-user-agents and block-referers refuse (semantics.md B.20). PRIVATE to the collection.

Source: ingress-nginx ``nginx.tmpl`` (``map $http_user_agent $block_ua``) and ngx_http_map_module: texts are compared
without case, ``~`` marks a regular expression, ``~*`` one without case, a backslash at the start hides a mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from .settings import Settings


@dataclass(frozen=True, slots=True)
class BlockedText:
    """One entry: a text, or a regular expression that matches anywhere."""

    entry: str
    text: str
    is_pattern: bool
    ignore_case: bool

    def takes(self, value: str) -> bool:
        """Tell whether the entry refuses a header of ``value``; a pattern never takes empty text, nor an absent header.

        One that nginx would not load takes nothing.
        """
        if not self.is_pattern:
            return value.lower() == self.text.lower()
        pattern = _compiled(self.text, self.ignore_case)
        return bool(value) and pattern is not None and pattern.search(value) is not None


@lru_cache(maxsize=16)
def block_list(entries: tuple[str, ...]) -> tuple[BlockedText, ...]:
    """Return the entries of one list, quotes around them taken off."""
    return tuple(_read(entry) for entry in entries)


def refuses(settings: Settings, headers: Mapping[str, str]) -> bool:
    """Tell whether nginx refuses a request with ``headers``, whatever it is for."""
    if not (settings.blocked_agents or settings.blocked_referers):
        return False
    return _any_takes(settings.blocked_agents, headers.get("user-agent", "")) or _any_takes(
        settings.blocked_referers, headers.get("referer", "")
    )


def _any_takes(entries: Iterable[str], value: str) -> bool:
    return any(item.takes(value) for item in block_list(tuple(entries)))


def _read(entry: str) -> BlockedText:
    text = entry
    for quote in ("'", '"'):
        if len(text) > 1 and text.startswith(quote) and text.endswith(quote):
            text = text[1:-1]
    if text.startswith("~*"):
        return BlockedText(entry, text[2:], is_pattern=True, ignore_case=True)
    if text.startswith("~"):
        return BlockedText(entry, text[1:], is_pattern=True, ignore_case=False)
    return BlockedText(entry, text.removeprefix("\\"), is_pattern=False, ignore_case=True)


@lru_cache(maxsize=1024)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError):
        return None
