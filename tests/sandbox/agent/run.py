# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a container: its process, log and probes, from start to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox.agent import background, launch, probes
from sandbox.agent import process as processes
from sandbox.agent.container_status import Terminated
from sandbox.agent.events import timestamp
from sandbox.agent.probe_client import CheckError
from sandbox.agent.probes import Checker, Probe
from sandbox.agent.process import StartError
from sandbox.agent.waiting import GracePeriod, first_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sandbox.agent.exec_stream import Streams
    from sandbox.agent.log_files import LogFile
    from sandbox.agent.process import Process

# A kubelet gives a container this long after the stop signal, however long preStop took.
_SHORTEST_STOP_SECONDS: Final = 2.0
_OUTPUT_SHOWN: Final = 512
_LONGEST_MESSAGE: Final = 4096
_MESSAGE_FROM_LOG: Final = 2048
_LINES_FROM_LOG: Final = 80


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run needs. `notify` says that something a Pod's status shows has changed, `warn` records an event."""

    container: dict[str, Any]
    description: dict[str, Any]
    namespaces: Mapping[str, int]
    address: str
    stop_signal: int
    log: LogFile
    termination_log: Path
    notify: Callable[[], None]
    warn: Callable[[str, str], None]


@contextlib.contextmanager
def _pipes(user: int) -> Iterator[tuple[tuple[int, int, int], dict[str, int]]]:
    """Standard streams for a container, closed at the end, and the reading ends by stream name, which stay open."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    reading, writing = {}, []
    for stream in ("stdout", "stderr"):
        reading[stream], end = os.pipe()
        # The container's user may open it again, as /dev/stdout.
        os.fchown(end, user, -1)
        os.fchmod(end, 0o666)
        writing.append(end)
    try:
        yield (nothing, writing[0], writing[1]), reading
    except BaseException:
        for fd in reading.values():
            os.close(fd)
        raise
    finally:
        for fd in (nothing, *writing):
            os.close(fd)


class Run:
    """A container's process that has started."""

    def __init__(self, setup: Setup, process: Process) -> None:
        self._setup = setup
        self._process = process
        self.log = setup.log
        self.started_at = timestamp()
        self.began = time.monotonic()
        self.started = False
        self.ready = False
        self.outcome: Terminated | None = None
        self.over = asyncio.Event()
        """Set when it has ended and `outcome` is known."""
        self.failed_probe = asyncio.Event()
        """Set when a probe or the postStart hook says that it has to be stopped."""
        self._checker = Checker(setup.container, setup.address, self._execute_briefly)
        self._health = background.start(self._watch_health())
        self._readiness: asyncio.Task[None] | None = None
        self._end = background.start(self._watch_end())

    @classmethod
    async def start(cls, setup: Setup) -> Run:
        """Start the container; raises StartError, OSError."""
        with _pipes(setup.description["uid"]) as (stdio, outputs):
            process = await processes.create(setup.description, setup.namespaces, stdio)
        for stream, fd in outputs.items():
            setup.log.attach(fd, stream)
        return cls(setup, process)

    def _probe(self, kind: str) -> Probe | None:
        spec = self._setup.container.get(kind)
        return Probe(spec, self._checker, self.began) if spec else None

    def _report(self, kind: str) -> Callable[[str], None]:
        return lambda problem: self._setup.warn("Unhealthy", f"{kind} probe failed: {problem}")

    async def _watch_health(self) -> None:
        hook = (self._setup.container.get("lifecycle") or {}).get("postStart")
        if hook and not await self._carry_out("PostStart", hook):
            self.failed_probe.set()
            return
        startup = self._probe("startupProbe")
        if startup is not None and not await probes.until_started(startup, self._report("Startup")):
            self.failed_probe.set()
            return
        self.started = True
        readiness = self._probe("readinessProbe")
        if readiness is None:
            self.ready = True
        else:
            following = probes.follow_readiness(readiness, self._set_ready, self._report("Readiness"))
            self._readiness = background.start(following)
        self._setup.notify()
        liveness = self._probe("livenessProbe")
        if liveness is not None:
            await probes.until_dead(liveness, self._report("Liveness"))
            self.failed_probe.set()

    def _set_ready(self, ready: bool) -> None:
        self.ready = ready
        self._setup.notify()

    async def _carry_out(self, name: str, hook: dict[str, Any]) -> bool:
        try:
            await self._checker.check(hook)
        except (CheckError, OSError) as error:
            self._setup.warn(f"Failed{name}Hook", f"{name} hook failed: {error}")
            return False
        return True

    async def execute(self, command: list[str], streams: Streams) -> Process:
        """Start a command of `kubectl exec`; raises StartError, OSError."""
        try:
            return await self._enter(command, streams.child, terminal=streams.terminal)
        finally:
            streams.close_child_ends()

    async def _enter(self, command: list[str], stdio: tuple[int, int, int], *, terminal: bool) -> Process:
        if self._process.ended:
            raise StartError("the container does not run")
        description = launch.describe_exec(self._setup.description, command, terminal=terminal)
        return await processes.enter(description, self._process, stdio)

    async def _execute_briefly(self, command: list[str]) -> tuple[int, str]:
        """Run a command to its end; exit code and the beginning of its output. Cancelled, it kills the command."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            process = await self._enter(command, (nothing, writing, writing), terminal=False)
        except StartError as error:
            os.close(reading)
            raise CheckError(str(error)) from error
        finally:
            os.close(writing)
            os.close(nothing)
        try:
            code = await process.wait()
            output = b""
            with contextlib.suppress(BlockingIOError):
                output = os.read(reading, _OUTPUT_SHOWN)
            return code, output.decode(errors="replace").strip()
        finally:
            process.kill()
            os.close(reading)

    async def _watch_end(self) -> None:
        code = await self._process.wait()
        for task in (self._health, self._readiness):
            if task is not None:
                task.cancel()
        self.ready = self.started = False
        await self.log.drain()
        self.outcome = Terminated(
            exit_code=code,
            reason="Completed" if code == 0 else "Error",
            message=self._termination_message(code),
            started_at=self.started_at,
            finished_at=timestamp(),
        )
        self.over.set()
        self._setup.notify()

    def _termination_message(self, code: int) -> str:
        path = self._setup.termination_log
        message = path.read_bytes()[:_LONGEST_MESSAGE] if path.exists() else b""
        if not message and code and self._setup.container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            message = _end_of_log(self.log.path)
        return message.decode(errors="replace")

    def kill(self) -> None:
        """End it at once, without waiting for it."""
        self._process.kill()

    async def stop(self, grace: GracePeriod) -> None:
        """preStop, then the stop signal, then, when the grace period is over, the end."""
        self._health.cancel()  # readiness goes on: it is part of the Pod's status until the end
        if grace.remaining:
            hook = (self._setup.container.get("lifecycle") or {}).get("preStop")
            if hook:
                await first_of(self._carry_out("PreStop", hook), grace.over(), self.over.wait())
            self._process.send(self._setup.stop_signal)
            await first_of(grace.over(at_least=_SHORTEST_STOP_SECONDS), self.over.wait())
        self._process.kill()
        await self.over.wait()


def _end_of_log(path: Path) -> bytes:
    lines = path.read_bytes()[-4 * _MESSAGE_FROM_LOG :].splitlines()[-_LINES_FROM_LOG:]
    texts = [line.split(b" ", 3)[3] for line in lines if line.count(b" ") >= 3]
    return b"\n".join(texts)[-_MESSAGE_FROM_LOG:]
