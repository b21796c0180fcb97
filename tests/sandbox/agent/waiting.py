# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for the first of several things, for the next change of something, and for a time that may be shortened."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine


async def first_of(*coroutines: Coroutine[Any, Any, Any]) -> None:
    """Wait until one has ended, cancel the others and wait until they have cleaned up; raises what the first raised."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()


class Pulse:
    """Counts changes; whoever has seen some version can wait for a later one, and misses none."""

    def __init__(self) -> None:
        self.version = 0
        self._waiting: asyncio.Event | None = None

    def beat(self) -> None:
        """Something has changed."""
        self.version += 1
        if self._waiting is not None:
            self._waiting.set()
            self._waiting = None

    async def after(self, version: int) -> None:
        """Wait until something has changed after that version."""
        if self.version == version:
            if self._waiting is None:
                self._waiting = asyncio.Event()
            await self._waiting.wait()


class GracePeriod:
    """How long a Pod may take to end; a second deletion may shorten it."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._shortened = asyncio.Event()

    @property
    def remaining(self) -> float:
        """Seconds that are left."""
        return max(0.0, self._end - time.monotonic())

    def shorten(self, seconds: float) -> None:
        """End it in so many seconds, unless it ends before."""
        self._end = min(self._end, time.monotonic() + seconds)
        self._shortened.set()

    async def over(self, at_least: float = 0.0) -> None:
        """Wait until it is over, but not less than so many seconds."""
        earliest = time.monotonic() + at_least
        while (left := max(self._end, earliest) - time.monotonic()) > 0:
            self._shortened.clear()
            try:
                async with asyncio.timeout(left):
                    await self._shortened.wait()
            except TimeoutError:
                continue
