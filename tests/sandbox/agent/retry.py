# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pauses between attempts at something that has to succeed in the end."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

_SPREAD: Final = (0.8, 1.2)


@dataclass(slots=True)
class GrowingDelay:
    """Doubles from attempt to attempt, spread a little, up to a longest one; a success makes it short again."""

    shortest: float = 0.1
    longest: float = 5.0
    _next: float = 0.0

    def next(self) -> float:
        """Seconds to wait before the next attempt."""
        self._next = min(max(self.shortest, self._next * 2), self.longest)
        return self._next * random.uniform(*_SPREAD)  # noqa: S311 -- spreads load, protects nothing

    def succeeded(self) -> None:
        """Begin anew."""
        self._next = 0.0
