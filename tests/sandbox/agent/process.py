# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of containers: started in namespaces, waited for without a thread."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from sandbox import namespaces
from sandbox.interpreter import PACKAGE_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Isolated and without site-packages: a container starts in half the time.
_BOOTSTRAP: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from sandbox import container; "
    "container.main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))"
)
_STATUS_LIMIT: Final = 4096


class StartError(Exception):
    """A process could not become the container, or the command in it; the text says why."""


class Process:
    """A child of the agent; the kernel kills it when the agent ends."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.pid = child.pid
        self._child = child
        self._pidfd = os.pidfd_open(child.pid)
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        self._loop.add_reader(self._pidfd, self._reap)

    def _reap(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._ended.set_result(self._child.wait())

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._ended.done()

    async def wait(self) -> int:
        """Its exit code; 128 and the number of the signal that killed it, as a container runtime says."""
        code = await asyncio.shield(self._ended)
        return code if code >= 0 else 128 - code

    def send(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        """End it at once."""
        self.send(signal.SIGKILL)


@contextlib.contextmanager
def _described(description: Mapping[str, Any]) -> Iterator[int]:
    """A file in memory with the launch description: it holds the environment, which may be secret."""
    fd = os.memfd_create("launch")
    try:
        os.write(fd, json.dumps(description).encode())
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)


def _spawn(action: str, description: Mapping[str, Any], stdio: tuple[int, int, int]) -> tuple[Process, int]:
    """Start container.py in the namespaces the calling thread is in; the process and where it reports a failure."""
    status_read, status_write = os.pipe()
    try:
        with _described(description) as launch:
            command = [
                sys.executable,
                "-I",
                "-S",
                "-c",
                _BOOTSTRAP,
                str(PACKAGE_ROOT),
                action,
                str(launch),
                str(status_write),
            ]
            stdin, stdout, stderr = stdio
            child = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[launch, status_write],
                start_new_session=True,
                cwd="/",
                env={},
            )
    except BaseException:
        os.close(status_read)
        raise
    finally:
        os.close(status_write)
    return Process(child), status_read


async def _started(process: Process, status: int) -> Process:
    """Wait for the exec; raises StartError."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(status, "rb", buffering=0)
    )
    try:
        problem = await reader.read(_STATUS_LIMIT)
    except asyncio.CancelledError:
        process.kill()
        raise
    finally:
        transport.close()
    if problem:
        await process.wait()
        raise StartError(problem.decode(errors="replace"))
    return process


async def create(
    description: Mapping[str, Any], pod_namespaces: Mapping[str, int], stdio: tuple[int, int, int]
) -> Process:
    """Start a container in a Pod's namespaces ("net", "uts", "ipc"); raises StartError, OSError."""
    with contextlib.ExitStack() as stack:
        for kind, fd in pod_namespaces.items():
            stack.enter_context(namespaces.entered(fd, kind))
        stack.enter_context(namespaces.new_pid_namespace())
        process, status = _spawn("create", description, stdio)
    return await _started(process, status)


async def enter(description: Mapping[str, Any], container: Process, stdio: tuple[int, int, int]) -> Process:
    """Start another process in a container that runs; raises StartError, OSError."""
    pid_namespace = os.open(f"/proc/{container.pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        with namespaces.entered(pid_namespace, "pid"):
            process, status = _spawn("enter", description, stdio)
    finally:
        os.close(pid_namespace)
    return await _started(process, status)
