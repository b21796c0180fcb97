# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the cache come into being whole or not at all, and one set-up runs at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

_DIRECTORY_MODE = 0o755


def make_folder(path: Path) -> None:
    """Make a folder of the cache, readable by the users that Pods run as whatever the umask is."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        folder.chmod(_DIRECTORY_MODE)


@contextlib.contextmanager
def installing(final: Path) -> Iterator[Path]:
    """Give a private folder beside `final`; what is then at `folder / final.name` becomes `final` at once.

    Nothing is left when the body fails. Leftovers of a killed run are removed first, so the caller must hold
    `exclusive`.
    """
    make_folder(final.parent)
    for leftover in final.parent.glob(f".{final.name}.*"):
        remove(leftover)
    workspace = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
    try:
        made = workspace / final.name
        yield made
        _open_to_all(made)
        made.replace(final)
    finally:
        remove(workspace)


def remove(path: Path) -> None:
    """Remove a file or a folder tree, also one with read-only folders as Go's module cache has them."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(_DIRECTORY_MODE)
    shutil.rmtree(path)


def write_atomically(path: Path, text: str) -> None:
    """Replace a small text file so that a reader sees the old or the new content, never a part."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def exclusive(lock: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock file while the body runs; `waiting` is told once when another process has it.

    The kernel frees the lock when its holder ends, however that happens, so there is no stale lock.
    """
    make_folder(lock.parent)
    with lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            waiting(file.read().strip() or "unknown")
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            file.seek(0)
            file.truncate()
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # closing is not enough when a child has been forked meanwhile


def _open_to_all(made: Path) -> None:
    """Let every user read what was installed, and run what may be run: Pods have users of their own."""
    for path in (made, *made.rglob("*")) if made.is_dir() else (made,):
        if path.is_symlink():
            continue
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)
