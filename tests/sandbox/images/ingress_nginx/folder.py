# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the folder: ingress-nginx's own files with changes, our Lua beside them, and Debian's tables of types."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from sandbox.images.ingress_nginx import changes, edits

_SHIMS: Final = Path(__file__).parent / "lua"
# Tables that the template includes and ingress-nginx's image has from its own build of nginx.
_FROM_DEBIAN: Final = ("mime.types", "fastcgi_params")
# Of no use at run time.
_LEFT_OUT: Final = frozenset({"test", "OWNERS", "README.md"})


class FolderError(Exception):
    """The folder cannot be made; the message says what is missing and what to do."""


def make(source: Path, target: Path, *, debian: Path = Path("/etc/nginx")) -> None:
    """Make `target`, which must not exist, from the module's `rootfs/etc/nginx`. It appears whole or not at all.

    The files are readable by everybody, whatever the umask: nginx runs as another user.

    Raises:
        FolderError: a source is missing, or the target exists.
        EditError: a change does not fit the source.
    """
    if target.exists():
        message = f"{target} exists already: give a path that does not"
        raise FolderError(message)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _copy_source(source, made)
        _add_shims(made)
        _add_tables(debian, made)
        _open_to_all(made)
        made.rename(target)
    except BaseException:
        shutil.rmtree(made)
        raise


def _copy_source(source: Path, made: Path) -> None:
    missing = [name for name in changes.BY_FILE if not (source / name).is_file()]
    if missing:
        message = f"{source} is not ingress-nginx's rootfs/etc/nginx: it has no {', '.join(missing)}"
        raise FolderError(message)
    for folder, _, names in os.walk(source):
        relative = Path(folder).relative_to(source)
        if _LEFT_OUT.isdisjoint(relative.parts):
            (made / relative).mkdir(exist_ok=True)
            for name in sorted(set(names) - _LEFT_OUT):
                _copy(source, relative / name, made)


def _copy(source: Path, relative: Path, made: Path) -> None:
    """Copy one file, with its changes if it has any."""
    wanted = changes.BY_FILE.get(relative.as_posix())
    if wanted is None:
        shutil.copyfile(source / relative, made / relative)
        return
    text = (source / relative).read_text(encoding="utf-8")
    (made / relative).write_text(edits.apply(wanted, text, file=relative.as_posix()), encoding="utf-8")


def _add_shims(made: Path) -> None:
    for shim in sorted(_SHIMS.rglob("*.lua")):
        copy = made / "lua" / shim.relative_to(_SHIMS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if copy.exists():
            message = f"ingress-nginx ships {copy.relative_to(made)} itself now: remove {shim}"
            raise FolderError(message)
        shutil.copyfile(shim, copy)


def _add_tables(debian: Path, made: Path) -> None:
    for name in _FROM_DEBIAN:
        if not (debian / name).is_file():
            message = f"{debian / name} is missing: install the Debian package nginx-common"
            raise FolderError(message)
        shutil.copyfile(debian / name, made / name)


def _open_to_all(made: Path) -> None:
    made.chmod(0o755)
    for path in made.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
