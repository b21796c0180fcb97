# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sandbox, the tests and the command line ask of the toolchain."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sandbox.toolchain.build import Task, build_all
from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.keys import digest
from sandbox.toolchain.layout import cache
from sandbox.toolchain.progress import Progress
from sandbox.toolchain.selection import Choice, Source, choose
from sandbox.toolchain.store import exclusive, installing, make_folder
from sandbox.toolchain.superseded import mark_in_use, remove_superseded
from sandbox.toolchain.table import ARTEFACTS, Artefact, Kind, artefact
from sandbox.toolchain.versions import Answers


def locate(name: str) -> Path:
    """Return the path of a binary of the table.

    Raises:
        ToolchainError: no such binary in the table, or it is not there yet.
    """
    return _ready(name, Kind.BINARY)


def asset(name: str) -> Path:
    """Return the path of an asset of the table: a file, or a folder with charts and the like (read-only by custom).

    Raises:
        ToolchainError: no such asset in the table, or it is not there yet.
    """
    return _ready(name, Kind.ASSET)


def choices(rows: Iterable[Artefact] = ARTEFACTS) -> list[Choice]:
    """Decide for each row which file serves it."""
    where = cache()
    answers = Answers(where)
    made = [choose(row, where, os.environ, answers) for row in rows]
    answers.save()
    return made


def ensure(names: Iterable[str] = (), progress: Progress | None = None) -> list[Choice]:
    """Make what is missing of the named artefacts (of all when none is named) and return the decisions.

    A second run at the same time waits for the first and then finds its work done. Nothing is made twice.

    Raises:
        ToolchainError: an unknown name, something needed is missing, or a build failed.
    """
    rows = [artefact(name) for name in names] or list(ARTEFACTS)
    progress = progress or Progress(len(rows))
    decided = choices(rows)
    if all(choice.ready for choice in decided):
        mark_in_use(_kept(decided))
        return decided
    where = cache()
    make_folder(where.root)
    with exclusive(where.lock, lambda holder: progress.say(f"waiting for another set-up, process {holder}")):
        decided = choices(rows)
        tasks = [Task(number, choice.artefact) for number, choice in enumerate(decided, 1) if not choice.ready]
        for reason in (reason for choice in decided if not choice.ready for reason in choice.passed_over):
            progress.say(f"not taken: {reason}")
        build_all(tasks, where, progress)
        decided = choices(rows)
        mark_in_use(_kept(decided))
        remove_superseded(where)
    return decided


def command_folder() -> Path:
    """Return a folder to put on PATH: kubectl, helm and istioctl by their plain names, as they were chosen.

    Raises:
        ToolchainError: one of them is not there yet.
    """
    where = cache()
    paths = {row.name: locate(row.name) for row in ARTEFACTS if row.command}
    folder = where.commands / digest([str(path) for path in paths.values()])
    if not folder.is_dir():
        with exclusive(where.lock, lambda _: None), installing(folder) as made:
            made.mkdir()
            for name, path in paths.items():
                (made / name).symlink_to(path)
    return folder


def _kept(decided: Iterable[Choice]) -> list[Path]:
    return [choice.path for choice in decided if choice.source is Source.CACHE]


def _ready(name: str, kind: Kind) -> Path:
    row = artefact(name)
    if row.kind is not kind:
        message = f"{name} is of kind {row.kind.value}, asked for was kind {kind.value}"
        raise ToolchainError(message)
    choice = choices([row])[0]
    if not choice.ready:
        message = f"{name} is not there yet: run `make setup`, or `python3 -m sandbox.toolchain ensure --only {name}`"
        raise ToolchainError(message)
    return choice.path
