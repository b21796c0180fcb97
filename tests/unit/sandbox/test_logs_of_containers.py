# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import asyncio
import datetime
import os
from pathlib import Path

import pytest

from sandbox.agent.http_server import Request, RequestError
from sandbox.agent.log_files import LineSplitter, LogFile, stamp
from sandbox.agent.log_reader import Options, last_lines, render

WHEN = "2026-01-02T03:04:05.000000006Z"


def _options(**query: str) -> Options:
    request = Request("GET", "/", {name: [value] for name, value in query.items()}, {})
    return Options.of(request, datetime.datetime(2026, 1, 2, 3, 4, 6, tzinfo=datetime.UTC))


def test_stamps_have_nanoseconds_in_utc() -> None:
    assert stamp(1_767_323_045_000_000_006) == WHEN


def test_lines_are_put_together_however_they_arrive() -> None:
    splitter = LineSplitter("stdout")
    assert splitter.feed(b"one\ntw", WHEN) == f"{WHEN} stdout F one\n".encode()
    assert splitter.feed(b"o\n\n", WHEN) == f"{WHEN} stdout F two\n{WHEN} stdout F \n".encode()
    assert splitter.feed(b"rest", WHEN) == b""
    assert splitter.finish(WHEN) == f"{WHEN} stdout P rest\n".encode()
    assert splitter.finish(WHEN) == b""


@pytest.mark.parametrize("length", [16383, 16384, 16385, 40000])
@pytest.mark.parametrize("pieces", [1, 7])
def test_long_lines_come_out_as_they_went_in(length: int, pieces: int) -> None:
    line = bytes(ord("a") + index % 26 for index in range(length)) + b"\n"
    splitter = LineSplitter("stderr")
    size = len(line) // pieces + 1
    entries = b"".join(splitter.feed(line[start : start + size], WHEN) for start in range(0, len(line), size))
    entries += splitter.finish(WHEN)
    plain = _options()
    assert b"".join(render(entry, plain) for entry in entries.splitlines(keepends=True)) == line
    assert max(map(len, entries.splitlines())) < 16384 + 64


def test_options_hide_what_is_older() -> None:
    entry = f"{WHEN} stdout F text\n".encode()
    assert render(entry, _options(sinceSeconds="2")) == b"text\n"
    assert render(entry, _options(sinceSeconds="0")) == b""
    assert render(entry, _options(sinceTime="2026-01-02T03:04:05Z")) == b"text\n"
    assert render(entry, _options(timestamps="true")) == f"{WHEN} text\n".encode()


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError, match="invalid literal"):
        _options(tailLines="many")


def test_the_last_lines_count_parts_as_one_line() -> None:
    texts = (("F", "a"), ("P", "b1"), ("F", "b2"), ("F", "c"))
    entries = [f"{WHEN} stdout {tag} {text}\n".encode() for tag, text in texts]
    assert list(last_lines(entries, 2)) == entries[1:]
    assert list(last_lines(entries, 0)) == []


def test_a_log_that_grows_too_long_is_set_aside(tmp_path: Path) -> None:
    async def write() -> LogFile:
        log = LogFile(tmp_path / "pod" / "0.log")
        reading, writing = os.pipe()
        log.attach(reading, "stdout")
        for _ in range(11 * 16):
            await asyncio.to_thread(os.write, writing, b"x" * 65535 + b"\n")
        os.close(writing)
        await log.complete.wait()
        return log

    log = asyncio.run(write())
    assert 10 * 2**20 < log.rotated.stat().st_size < 11 * 2**20
    assert 0 < log.path.stat().st_size < 2 * 2**20
