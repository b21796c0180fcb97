# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds real Python interpreters: a version manager's shims may exist for versions that do not run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.toolchain.errors import ToolchainError

# Which Pythons serve an ansible-core series, the tested one first (ansible-core support matrix).
PYTHONS_FOR_ANSIBLE: dict[str, tuple[str, ...]] = {
    "2.19": ("3.11", "3.12", "3.13"),
    "2.21": ("3.13", "3.12", "3.14"),
}

# Says where the interpreter really is, and whether it can make virtual environments (Debian splits that off).
_QUESTION = """
import importlib.util, json, os, sys
base = getattr(sys, "_base_executable", "") or sys.executable
print(json.dumps([base, list(sys.version_info[:2]), importlib.util.find_spec("ensurepip") is not None]))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that runs."""

    path: Path
    version: str
    """Major and minor version: `3.11`."""
    makes_environments: bool


def find_interpreter(versions: tuple[str, ...]) -> Interpreter:
    """Return the first interpreter of the first of these versions that is there and can make environments.

    Raises:
        ToolchainError: there is none; the message says what was found and how to get one.
    """
    unable: list[str] = []
    for version in versions:
        for candidate in _candidates(version):
            found = _ask(candidate)
            if found is None or found.version != version:
                continue
            if found.makes_environments:
                return found
            unable.append(str(found.path))
    wanted = " or ".join(versions)
    message = f"no working Python {wanted} was found on PATH, below /usr, /usr/local or pyenv's versions: " + (
        f"{', '.join(dict.fromkeys(unable))} lacks ensurepip, install the Debian package python{versions[0]}-venv"
        if unable
        else f"install one, for example the Debian packages python{versions[0]} and python{versions[0]}-venv, "
        f"or with `pyenv install {versions[0]}`"
    )
    raise ToolchainError(message)


def _candidates(version: str) -> Iterator[Path]:
    """Yield files that may be a Python of this version, the running one first."""
    yield Path(getattr(sys, "_base_executable", "") or sys.executable)
    name = f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    # Those of a version manager first: /usr/bin/python3 belongs to the system's own packages.
    yield from sorted(pyenv.glob(f"{version}*/bin/{name}"), reverse=True)
    for folder in (*os.environ.get("PATH", os.defpath).split(os.pathsep), "/usr/local/bin", "/usr/bin"):
        path = Path(folder) / name
        if folder and os.access(path, os.X_OK):
            yield path


def _ask(path: Path) -> Interpreter | None:
    try:
        answer = subprocess.run(
            [str(path), "-I", "-c", _QUESTION], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if answer.returncode != 0:
        return None
    real, version, makes_environments = json.loads(answer.stdout)
    return Interpreter(Path(real), f"{version[0]}.{version[1]}", bool(makes_environments))
