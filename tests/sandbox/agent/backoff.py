# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a container that ended may start again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
_FIRST_SECONDS: Final = 10.0
_LONGEST_SECONDS: Final = 300.0
_FORGET_SECONDS: Final = 600.0


@dataclass(slots=True)
class Backoff:
    """The first restart is immediate, later ones wait 10 s, 20 s ... 300 s; ten good minutes make it forget."""

    _next: float = 0.0

    def delay(self, ran_seconds: float) -> float:
        """Seconds to wait before the restart of a container that ran so long."""
        if ran_seconds >= _FORGET_SECONDS:
            self._next = 0.0
        delay = self._next
        self._next = min(max(_FIRST_SECONDS, delay * 2), _LONGEST_SECONDS)
        return delay
