# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a generator's decisions come from: chance with a seed, or Hypothesis, which shrinks them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Choices(Protocol):
    """Makes decisions."""

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of ``items``; the first is the simplest."""

    def number(self, most: int) -> int:
        """Return a number from 0 to ``most``."""


def chance(choices: Choices, percent: int) -> bool:
    """Return True in about ``percent`` of 100 cases; the simplest decision is False."""
    return choices.number(99) >= 100 - percent


def some(choices: Choices, items: Sequence[Item], most: int) -> list[Item]:
    """Return up to ``most`` different items, in their order."""
    wanted = {choices.number(len(items) - 1) for _ in range(choices.number(most))}
    return [item for number, item in enumerate(items) if number in wanted]


class SeededChoices:
    """Decisions of a pseudo-random generator, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same cases each time

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of ``items``."""
        return self._random.choice(items)

    def number(self, most: int) -> int:
        """Return a number from 0 to ``most``."""
        return self._random.randint(0, most)
