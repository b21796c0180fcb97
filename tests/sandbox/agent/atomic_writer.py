# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes made of keys: a reader sees all old files or all new ones, and watchers notice one change.

The layout is the kubelet's (pkg/volume/util/atomic_writer.go): KEY -> ..data/KEY, ..data -> ..STAMP, and the files in
the folder ..STAMP. Programs rely on it: they watch ..data.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DATA: Final = "..data"


@dataclass(frozen=True, slots=True)
class File:
    """Content, permission bits, and an owner when it is not root."""

    content: bytes
    mode: int = 0o644
    user: int = 0


def write(folder: Path, files: Mapping[str, File], group: int | None = None) -> bool:
    """Make a folder hold these files, by relative path; True when something changed.

    With a group (fsGroup) everything belongs to it and is readable by it.
    """
    if group is not None:
        files = {path: replace(file, mode=file.mode | 0o440) for path, file in files.items()}
    folder.mkdir(parents=True, exist_ok=True)
    if group is not None:
        os.chown(folder, -1, group)
    current = folder / _DATA
    if current.is_symlink() and _read(current) == files:
        return False
    stamp = f"..{time.time_ns()}"
    _fill(folder / stamp, files, group)
    previous = current.readlink() if current.is_symlink() else None
    temporary = folder / "..data_tmp"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(stamp)
    temporary.replace(current)
    _link_keys(folder, {path.split("/", 1)[0] for path in files})
    if previous is not None:
        shutil.rmtree(folder / previous, ignore_errors=True)
    return True


def _read(data: Path) -> dict[str, File]:
    root = data.resolve()
    return {
        str(path.relative_to(root)): File(path.read_bytes(), path.stat().st_mode & 0o777, path.stat().st_uid)
        for path in root.rglob("*")
        if path.is_file()
    }


def _fill(target: Path, files: Mapping[str, File], group: int | None) -> None:
    target.mkdir(mode=0o755)
    for relative, file in files.items():
        path = target / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        # Last, since a change of owner clears permission bits.
        os.chown(path, file.user, -1 if group is None else group)
        path.chmod(file.mode)
    if group is not None:
        for path in (target, *target.rglob("*/")):
            os.chown(path, -1, group)


def _link_keys(folder: Path, keys: set[str]) -> None:
    for key in keys:
        with contextlib.suppress(FileExistsError):
            (folder / key).symlink_to(f"{_DATA}/{key}")
    for path in folder.iterdir():
        if path.is_symlink() and path.name not in keys and not path.name.startswith(".."):
            path.unlink()
