# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at everything the sandbox needs and says what is missing and how to get it. Changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sandbox.toolchain import api, debian, go_modules
from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.interpreters import PYTHONS_FOR_ANSIBLE, find_interpreter
from sandbox.toolchain.layout import CHECKOUT, cache
from sandbox.toolchain.selection import Choice, Source

_GIB = 1 << 30
_GIB_FOR_A_BUILD = 12


class State(Enum):
    """How bad a finding is."""

    OK = "ok"
    LATER = "later"
    """Not there, and made by `make` without help."""
    OPTIONAL = "optional"
    """Not there; something can be done without it."""
    MISSING = "MISSING"
    """A person has to do something."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    state: State
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.state.value:<8} {self.subject:<26} {self.text}"


def examine() -> Iterator[Finding]:
    """Look at one thing after the other."""
    yield from _checked("machine", _machine)
    yield from _checked("Debian packages", _packages)
    yield from _checked("Go", _go)
    yield from _checked("Python for core 2.19", lambda: _python_for("2.19"))
    yield from _checked("Python for core 2.21", _python_for_the_second_series)
    for folder in (".venv", ".venv-2.21", ".collections"):
        yield _made_by_make(CHECKOUT / folder)
    yield from _artefacts()


def _checked(subject: str, look: Callable[[], Finding | str]) -> Iterator[Finding]:
    """Turn a text into an ok, and the set-up's own error into a missing."""
    try:
        found = look()
    except ToolchainError as error:
        found = Finding(State.MISSING, subject, str(error))
    yield found if isinstance(found, Finding) else Finding(State.OK, subject, found)


def _machine() -> Finding | str:
    if platform.system() != "Linux":
        return Finding(
            State.MISSING, "machine", f"{platform.system()}: the sandbox needs Linux (network and mount namespaces)"
        )
    if os.geteuid() != 0:
        return Finding(
            State.MISSING,
            "machine",
            "not root: the sandbox makes network and mount namespaces; lint and unit tests work",
        )
    return f"Linux {platform.release()} {platform.machine()}, {os.cpu_count()} cores, root"


def _packages() -> Finding | str:
    missing = debian.missing_packages()
    if not missing:
        return f"all {len(debian.PACKAGES)} are installed"
    command = debian.install_command(missing)
    if os.geteuid() == 0:
        return Finding(State.LATER, "Debian packages", f"make will run: {command}")
    return Finding(State.MISSING, "Debian packages", f"as root run: {command}")


def _go() -> str:
    found = go_modules.go()
    return f"{found.version} ({found.command})"


def _python_for(series: str) -> str:
    found = find_interpreter(PYTHONS_FOR_ANSIBLE[series])
    return f"{found.version} ({found.path})"


def _python_for_the_second_series() -> Finding | str:
    try:
        return _python_for("2.21")
    except ToolchainError as error:
        text = f"only the tests use it, and `make test WITHOUT_2_21=1` does without: {error}"
        return Finding(State.OPTIONAL, "Python for core 2.21", text)


def _made_by_make(folder: Path) -> Finding:
    if (folder / ".made").exists():
        return Finding(State.OK, folder.name, str(folder))
    return Finding(State.LATER, folder.name, "make makes it when it is needed")


def _artefacts() -> Iterator[Finding]:
    try:
        decided = api.choices()
    except ToolchainError as error:
        yield Finding(State.MISSING, "programs and assets", str(error))
        return
    for choice in decided:
        yield _artefact(choice)
    if not all(choice.ready for choice in decided):
        yield from _checked("disk", _disk)


def _artefact(choice: Choice) -> Finding:
    name = choice.artefact.name
    reasons = "".join(f"; {reason}" for reason in choice.passed_over)
    match choice.source:
        case Source.NOWHERE:
            return Finding(State.LATER, name, f"make puts it at {choice.path}{reasons}")
        case Source.CACHE:
            return Finding(State.OK, name, f"built from its pin: {choice.path}{reasons}")
        case Source.DIRECTORY | Source.PATH:
            supported = choice.artefact.supported
            why = f"supported is {supported.needed}" if supported else ""
            return Finding(
                State.OK, name, f"version {choice.version} by {choice.source.value}: {choice.path} ({why}){reasons}"
            )


def _disk() -> Finding | str:
    folder = cache().root
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / _GIB
    text = f"{free:.0f} GiB free at {folder}, a set-up from nothing takes about {_GIB_FOR_A_BUILD}"
    return text if free >= _GIB_FOR_A_BUILD else Finding(State.MISSING, "disk", text)
