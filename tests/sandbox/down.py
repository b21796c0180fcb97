# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m sandbox down NAME`: end a sandbox and leave nothing."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sandbox import state, sweeper
from sandbox.console import Console
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEEPER_SECONDS: Final = 5.0
_SWEEP_SECONDS: Final = 30.0


@contextlib.contextmanager
def _own_process(pid: int, module: str) -> Iterator[int | None]:
    """A pidfd of a process of ours; None when it is gone, even if its number is some other process's by now."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        yield fd if module.encode() in command else None
    except FileNotFoundError:
        yield None
    finally:
        os.close(fd)


def _signal(fd: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(fd, number)


def stop(layout: Layout, recorded: State) -> None:
    """End the processes and wait until the sweeper has removed the files; raises SandboxError when it does not."""
    with _own_process(recorded.keeper, "sandbox.keeper") as keeper:
        if keeper is not None:
            _signal(keeper, signal.SIGTERM)
            if not state.wait_for_end(recorded.keeper, _KEEPER_SECONDS):
                _signal(keeper, signal.SIGKILL)
    with _own_process(recorded.sweeper, "sandbox.sweeper") as last:
        if last is not None:
            state.wait_for_end(recorded.sweeper, _SWEEP_SECONDS)
    if state.is_alive(layout):
        raise SandboxError(
            f"sandbox {layout.name}: its sweeper, process {recorded.sweeper}, is still waiting for processes to end; "
            f"look at {layout.log('keeper')}"
        )


def down(name: str, *, keep_logs: bool) -> None:
    """Take a sandbox down, or remove what a crash left of it; saying so when there is nothing to do."""
    layout = Layout.of(name)
    console = Console(name)
    if state.is_alive(layout):
        recorded = State.read(layout)
        if recorded is None:
            raise SandboxError(f"sandbox {name} is just being started or removed: interrupt that command instead")
        stop(layout, recorded)
        console.say("is down")
    elif not layout.root.exists():
        console.say("is not there: nothing to do")
        return
    else:
        console.say("was not running; its files are removed")
    sweeper.remove(layout.root, logs_too=not keep_logs)
    if keep_logs and layout.logs.exists():
        console.say(f"logs are kept in {layout.logs}")
