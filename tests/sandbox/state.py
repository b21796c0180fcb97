# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is recorded about a running sandbox, and the lock that says whether it runs.

The lock is one of fcntl(2)'s open-file-description locks: the keeper and its sweeper hold it through one open file, so
it is free exactly when nothing of the sandbox is left, however its processes ended; and asking does not take it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import struct
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.layout import Layout


# struct flock of fcntl(2) on 64-bit Linux: type, whence, start, length, process id.
_FLOCK: Final = struct.Struct("@hhqqi4x")


_LOCK_ATTEMPTS: Final = 16


@dataclass(frozen=True, slots=True)
class State:
    """Process ids are the host's; `client_namespace` is a file descriptor of the keeper."""

    keeper: int
    sweeper: int
    node: int
    client_namespace: int
    first_port: int
    ready: bool

    def write(self, layout: Layout) -> None:
        """Replace the state file atomically."""
        write_atomically(layout.state, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, layout: Layout) -> State | None:
        """The recorded state; None when there is none. Only meaningful while the lock is held."""
        try:
            return cls(**json.loads(layout.state.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None


def write_atomically(path: Path, content: str) -> None:
    """Replace a file so that a reader sees the old or the new content, never a part."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(path)


def _whole_file(kind: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, 0, 0, 0)


def acquire_lock(layout: Layout) -> int | None:
    """Take the lock, creating the folder; the file descriptor, or None when a sandbox of that name lives.

    Raises SandboxError when the folder never stays.
    """
    for _ in range(_LOCK_ATTEMPTS):
        layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            fd = os.open(layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:  # the folder went away in between
            continue
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _whole_file(fcntl.F_WRLCK))
        except (BlockingIOError, PermissionError):
            os.close(fd)
            return None
        # Before the lock was ours, its last holder may have removed the file.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(fd), layout.lock.stat()):
                return fd
        os.close(fd)
    raise SandboxError(f"sandbox {layout.name}: {layout.root} keeps being removed by something else: stop that")


def is_alive(layout: Layout) -> bool:
    """Whether some process of this sandbox is left."""
    try:
        fd = os.open(layout.lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _whole_file(fcntl.F_WRLCK))
    finally:
        os.close(fd)
    kind, *_ = _FLOCK.unpack(answer)
    return bool(kind != fcntl.F_UNLCK)


def running(layout: Layout) -> State:
    """The state of a sandbox that is up; raises SandboxError when it is not."""
    state = State.read(layout) if is_alive(layout) else None
    if state is None or not state.ready:
        raise SandboxError(f"sandbox {layout.name} is not running: start it with 'python -m sandbox up {layout.name}'")
    return state


def wait_for_end(pid: int, seconds: float) -> bool:
    """Wait until a process has ended; False when it has not in that time."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        return bool(poller.poll(seconds * 1000))
    finally:
        os.close(fd)
