# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a long command with a log of its own, ends its whole process group, and explains a failure."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.store import make_folder

DEADLINE_SECONDS = 45 * 60
_GRACE_SECONDS = 5
_LINES_SHOWN = 15
_REMEDIES = (
    ("no space left on device", "free some disk space (a set-up from nothing needs 12 GB, most of it Go's own caches)"),
    ("403 Forbidden", "the module proxy refused a version: check GOPROXY, and that go.mod and go.sum are as committed"),
    ("dial tcp", "the network or the proxy was not reached: check GOPROXY, HTTPS_PROXY and the connection"),
    ("No matching distribution", "the package index was not reached or lacks the version: check pip's configuration"),
    ("signal: killed", "the machine ran out of memory: set SANDBOX_BUILD_JOBS=1"),
)
_REMEDY_OTHERWISE = "if the output above does not explain it, see the whole log"


async def run(command: Sequence[str], *, log: Path, cwd: Path, environment: Mapping[str, str]) -> str:
    """Run a command at low priority and return its standard output; its standard error goes to `log`.

    Its process group is ended when the caller is cancelled or the deadline (45 minutes) passes.

    Raises:
        ToolchainError: it ended with another status than 0, or too late.
    """
    make_folder(log.parent)
    nice = shutil.which("nice")
    # Started without an await: a cancellation in between would lose the process. asyncio's own way has such a gap.
    with log.open("wb") as errors, tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [nice, "-n", "5", *command] if nice else command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await _ended(process)
        except TimeoutError:
            raise ToolchainError(_failure(command, f"took longer than {DEADLINE_SECONDS} s", log)) from None
        finally:
            await _end_group(process)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode != 0:
        raise ToolchainError(_failure(command, f"ended with status {process.returncode}", log))
    return text


async def _ended(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process has ended, without reaping it."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    handle = os.pidfd_open(process.pid)
    loop.add_reader(handle, done.set)
    try:
        await done.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


async def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of a command's process group, politely first, then reap the command.

    Until it is reaped nobody else can have its number, so the signals cannot meet a stranger.
    """
    os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GRACE_SECONDS):
            await _ended(process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failure(command: Sequence[str], what: str, log: Path) -> str:
    with log.open(encoding="utf-8", errors="replace") as file:
        tail = list(deque((line.rstrip() for line in file), maxlen=_LINES_SHOWN))
    shown = "\n".join(f"    {line}" for line in tail) or "    (no output)"
    remedy = next((remedy for mark, remedy in _REMEDIES if any(mark in line for line in tail)), _REMEDY_OTHERWISE)
    return (
        f"`{shlex.join(command)}` {what}. Its last lines ({log}):\n{shown}\n"
        f"What to do: {remedy}; then run the same command again: what is finished is kept."
    )
