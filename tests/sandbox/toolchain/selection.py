# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file serves a name, and why: SANDBOX_BIN_DIR, then PATH, then what was built into the cache."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.keys import location
from sandbox.toolchain.layout import Cache
from sandbox.toolchain.table import Artefact
from sandbox.toolchain.versions import Answers, Version

DIRECTORY_VARIABLE = "SANDBOX_BIN_DIR"


class Source(Enum):
    """Where the chosen file was found."""

    DIRECTORY = DIRECTORY_VARIABLE
    PATH = "PATH"
    CACHE = "cache"
    NOWHERE = "not there yet"


@dataclass(frozen=True, slots=True)
class Choice:
    """The decision for one artefact; `passed_over` says for each file that was not taken why."""

    artefact: Artefact
    source: Source
    path: Path
    """The file or folder; for NOWHERE the place in the cache where it will be."""
    version: Version | None = None
    passed_over: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        return self.source is not Source.NOWHERE


def choose(artefact: Artefact, cache: Cache, environment: Mapping[str, str], answers: Answers) -> Choice:
    """Decide which file serves an artefact.

    Raises:
        ToolchainError: SANDBOX_BIN_DIR is set to something that is no folder, or Go is needed and missing.
    """
    passed_over: list[str] = []
    if artefact.supported is not None:
        for source, path in _candidates(artefact.name, cache, environment):
            version = answers.version(path, artefact.supported)
            objection = artefact.supported.objection(version)
            if objection is None:
                return Choice(artefact, source, path, version, tuple(passed_over))
            passed_over.append(f"{path} ({source.value}) {objection}")
    made = location(artefact, cache)
    source = Source.CACHE if made.exists() else Source.NOWHERE
    return Choice(artefact, source, made, passed_over=tuple(passed_over))


def _candidates(name: str, cache: Cache, environment: Mapping[str, str]) -> Iterator[tuple[Source, Path]]:
    directory = environment.get(DIRECTORY_VARIABLE)
    if directory:
        folder = Path(directory).expanduser().absolute()
        if not folder.is_dir():
            message = f"{DIRECTORY_VARIABLE} is {directory!r}, which is no folder: correct it or unset it"
            raise ToolchainError(message)
        offered = shutil.which(name, path=str(folder))
        if offered is not None:
            yield Source.DIRECTORY, Path(offered)
    found = shutil.which(name, path=environment.get("PATH", os.defpath))
    # What `env` put on PATH are links into the cache: they must not keep a superseded build alive.
    if found is not None and not Path(found).resolve().is_relative_to(cache.root.resolve()):
        yield Source.PATH, Path(found).absolute()
