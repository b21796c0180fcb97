# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions that Hypothesis makes, and shrinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

Item = TypeVar("Item")


class DrawnChoices:
    """Decisions drawn one by one."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of ``items``; simpler cases take earlier ones."""
        chosen: Item = self._draw(st.sampled_from(list(items)))
        return chosen

    def number(self, most: int) -> int:
        """Return a number from 0 to ``most``."""
        drawn: int = self._draw(st.integers(0, most))
        return drawn
