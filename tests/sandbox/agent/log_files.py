# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of containers in the format of the container runtime interface: `STAMP stdout|stderr F|P TEXT`.

The agent reads what containers write, so that every line has the time at which it came. A file that grows over
10 MiB is set aside once (RESTART.log.1), as a kubelet rotates it.
"""

from __future__ import annotations

import asyncio
import io
import os
import time
from typing import TYPE_CHECKING, Final

from sandbox.agent.waiting import Pulse

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST_FILE: Final = 10 * 1024 * 1024
_LONGEST_LINE: Final = 16 * 1024
_CHUNK: Final = 65536
_DRAIN_SECONDS: Final = 1.0


def stamp(nanoseconds: int) -> str:
    """A time since the epoch in RFC 3339 with nanoseconds, in UTC."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{fraction:09d}Z"


class LineSplitter:
    """Cuts one stream into entries of the log format; what has no end yet waits."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._rest = b""

    def feed(self, data: bytes, when: str) -> bytes:
        """Entries for the lines that are complete, and for parts of lines that are too long to wait for."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        full = f"{when} {self._stream} F ".encode()
        entries = []
        for line in lines:
            text = line
            while len(text) > _LONGEST_LINE:
                entries.append(self._partial(text[:_LONGEST_LINE], when))
                text = text[_LONGEST_LINE:]
            entries.append(full + text + b"\n")
        while len(self._rest) > _LONGEST_LINE:
            entries.append(self._partial(self._rest[:_LONGEST_LINE], when))
            self._rest = self._rest[_LONGEST_LINE:]
        return b"".join(entries)

    def finish(self, when: str) -> bytes:
        """An entry for what came without a line end."""
        rest, self._rest = self._rest, b""
        return self._partial(rest, when) if rest else b""

    def _partial(self, text: bytes, when: str) -> bytes:
        return f"{when} {self._stream} P ".encode() + text + b"\n"


class LogFile:
    """The log of one run of a container, while it is written and afterwards."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.complete = asyncio.Event()
        self.pulse = Pulse()
        self._open_streams = 0
        self._file: io.FileIO | None = None

    @property
    def rotated(self) -> Path:
        """Where the first part of a log that grew too long is."""
        return self.path.with_name(self.path.name + ".1")

    def attach(self, fd: int, stream: str) -> None:
        """Log what comes from the reading end of a pipe, which is closed at its end."""
        if self._file is None:
            self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._file = io.FileIO(self.path, "ab")
        splitter = LineSplitter(stream)
        os.set_blocking(fd, False)
        self._open_streams += 1
        asyncio.get_running_loop().add_reader(fd, self._readable, fd, splitter)

    def _readable(self, fd: int, splitter: LineSplitter) -> None:
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return
        if data:
            self._write(splitter.feed(data, stamp(time.time_ns())))
            return
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)
        self._write(splitter.finish(stamp(time.time_ns())))
        self._open_streams -= 1
        if not self._open_streams:
            if self._file is not None:
                self._file.close()
            self.complete.set()
            self.pulse.beat()

    def _write(self, entries: bytes) -> None:
        if not entries or self._file is None:
            return
        self._file.write(entries)
        if self._file.tell() > _LARGEST_FILE:
            self._file.close()
            self.path.replace(self.rotated)
            self._file = io.FileIO(self.path, "ab")
        self.pulse.beat()

    async def drain(self) -> None:
        """Wait until all that an ended container wrote is in the file; for a moment only, should someone hold on."""
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self.complete.wait()
        except TimeoutError:
            return
