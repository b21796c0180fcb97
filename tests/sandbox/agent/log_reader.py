# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `kubectl logs` shows of a container's log."""

from __future__ import annotations

import asyncio
import datetime
import http
import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.agent.http_server import RequestError
from sandbox.agent.log_files import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from sandbox.agent.http_server import Exchange, Request
    from sandbox.agent.log_files import LogFile

_BATCH: Final = 512


@dataclass(frozen=True, slots=True)
class Options:
    """Query parameters of containerLogs; `since` is a stamp of the log format, which sorts as text."""

    follow: bool
    timestamps: bool
    tail: int | None
    since: str
    limit: int | None

    @classmethod
    def of(cls, request: Request, now: datetime.datetime) -> Options:
        """The options of a request; raises RequestError."""
        try:
            tail, limit, seconds = (
                int(value) if (value := request.value(name)) is not None else None
                for name in ("tailLines", "limitBytes", "sinceSeconds")
            )
            since = request.value("sinceTime")
            start = None if since is None else datetime.datetime.fromisoformat(since)
        except ValueError as error:
            raise RequestError(http.HTTPStatus.BAD_REQUEST, str(error)) from error
        if seconds is not None:
            start = now - datetime.timedelta(seconds=seconds)
        return cls(
            follow=request.flag("follow"),
            timestamps=request.flag("timestamps"),
            tail=tail,
            since="" if start is None else stamp(int(start.timestamp() * 1_000_000_000)),
            limit=limit,
        )


def render(entry: bytes, options: Options) -> bytes:
    """The text of one entry of the log, or nothing when it is too old."""
    when, _, rest = entry.partition(b" ")
    if when.decode() < options.since:
        return b""
    _, _, rest = rest.partition(b" ")
    tag, _, text = rest.partition(b" ")
    if tag == b"P":
        text = text[:-1]
    return when + b" " + text if options.timestamps else text


def last_lines(entries: Iterable[bytes], count: int) -> Iterator[bytes]:
    """The last so many lines; a line that was cut into parts counts once."""
    kept: deque[list[bytes]] = deque(maxlen=count)
    line: list[bytes] = []
    for entry in entries:
        line.append(entry)
        if entry.split(b" ", 3)[2] == b"F":
            kept.append(line)
            line = []
    if line:
        kept.append(line)
    for parts in kept:
        yield from parts


class _Budget:
    """Cuts the output at limitBytes."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit

    def cut(self, data: bytes) -> bytes:
        if self._left is None:
            return data
        data = data[: self._left]
        self._left -= len(data)
        return data

    @property
    def used_up(self) -> bool:
        return self._left == 0


async def send(exchange: Exchange, log: LogFile | None, path: Path, options: Options) -> None:
    """Answer with the log in a file; with `log`, the one that is being written, it can be followed."""
    exchange.start_chunks()
    budget = _Budget(options.limit)
    with path.open("rb") as file:
        entries: Iterable[bytes] = file if options.tail is None else last_lines(file, options.tail)
        await _send_entries(exchange, entries, options, budget)
        while options.follow and log is not None and not budget.used_up:
            version, finished = log.pulse.version, log.complete.is_set()
            await _send_entries(exchange, file, options, budget)
            if finished or _was_rotated(file, path) or not await _more(exchange, log, version):
                break
    await exchange.chunk(b"")


async def _more(exchange: Exchange, log: LogFile, version: int) -> bool:
    """Wait for more to be written; False when the client goes away before."""
    gone = asyncio.create_task(exchange.client_gone())
    try:
        changed = asyncio.create_task(log.pulse.after(version))
        await asyncio.wait({changed, gone}, return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()
        return not gone.done()
    finally:
        gone.cancel()


def _was_rotated(file: BinaryIO, path: Path) -> bool:
    """A follower ends there, as kubectl's do on a real node; it can be started again."""
    return not os.path.samestat(path.stat(), os.fstat(file.fileno()))


async def _send_entries(exchange: Exchange, entries: Iterable[bytes], options: Options, budget: _Budget) -> None:
    batch = []
    for entry in entries:
        batch.append(render(entry, options))
        if len(batch) == _BATCH:
            await _send_batch(exchange, batch, budget)
            batch = []
    await _send_batch(exchange, batch, budget)


async def _send_batch(exchange: Exchange, batch: list[bytes], budget: _Budget) -> None:
    data = budget.cut(b"".join(batch))
    if data:
        await exchange.chunk(data)
