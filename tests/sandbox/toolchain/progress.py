# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees while the set-up works: a line when something starts, ends, or takes long."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """Numbered lines like `[3/14] kube-apiserver: built in 185 s`, also readable in a log of CI."""

    def __init__(self, total: int, stream: TextIO = sys.stdout) -> None:
        self._total = total
        self._stream = stream
        self._running: dict[str, tuple[int, float]] = {}

    def say(self, text: str) -> None:
        """Print one line at once."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def start(self, number: int, name: str, what: str) -> None:
        """Announce a piece of work; `number` is its place among all."""
        self._running[name] = (number, time.monotonic())
        self.say(f"[{number}/{self._total}] {name}: {what} ...")

    def end(self, name: str, outcome: str) -> None:
        """Announce the end of a piece of work with the seconds that it took."""
        number, started = self._running.pop(name)
        self.say(f"[{number}/{self._total}] {name}: {outcome} {time.monotonic() - started:.0f} s")

    def still_running(self) -> None:
        """Say what has been running for how long."""
        now = time.monotonic()
        names = ", ".join(f"{name} {now - started:.0f} s" for name, (_, started) in self._running.items())
        if names:
            self.say(f"        still at work: {names}")
