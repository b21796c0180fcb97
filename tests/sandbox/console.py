# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands say while they work."""

from __future__ import annotations

import sys
import time


class Console:
    """Lines on standard output, each with the seconds since the command began."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self._started

    def say(self, text: str) -> None:
        """One line of progress, shown at once."""
        sys.stdout.write(f"{self._name}: {self.seconds:6.1f} s  {text}\n")
        sys.stdout.flush()
