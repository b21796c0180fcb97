# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments from fully pinned requirements."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.interpreters import find_interpreter

_MINUTES_20 = 1200


def make_environment(folder: Path, versions: tuple[str, ...], say: Callable[[str], None]) -> None:
    """Make an empty virtual environment, in the place of an older one.

    Args:
        folder: where it goes.
        versions: Python versions in order of preference, like `3.11`.
        say: gets one line about it.

    Raises:
        ToolchainError: none of these Pythons is there, or it could not make the environment.
    """
    python = find_interpreter(versions)
    say(f"{folder.name}: Python {python.version} ({python.path})")
    if folder.exists():
        shutil.rmtree(folder)
    _run([str(python.path), "-m", "venv", str(folder)], f"the virtual environment {folder}")


def install_requirements(folder: Path, requirements: Path, say: Callable[[str], None]) -> None:
    """Install a file of pins into an environment, exactly these: what they depend on is pinned in the file too.

    Raises:
        ToolchainError: pip failed, or the pins do not fit together.
    """
    say(f"{folder.name}: installing {requirements.name}")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run([*pip, "install", "--no-deps", "--requirement", str(requirements)], f"the packages of {requirements.name}")
    _run([*pip, "check"], f"a consistent set of packages from {requirements.name}")


def _run(command: list[str], wanted: str) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_MINUTES_20,
    )
    if done.returncode != 0:
        tail = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-15:])
        message = f"{wanted}: `{' '.join(command)}` ended with status {done.returncode}:\n{tail}\nRun it again."
        raise ToolchainError(message)
