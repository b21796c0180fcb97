# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces without names: made by one thread, kept as file descriptors, entered for a moment."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from sandbox import linux

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = {
    "net": linux.CLONE_NEWNET,
    "uts": linux.CLONE_NEWUTS,
    "ipc": linux.CLONE_NEWIPC,
    "pid": linux.CLONE_NEWPID,
}


def _open_own(kind: str) -> int:
    return os.open(f"/proc/thread-self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)


@contextlib.contextmanager
def entered(fd: int, kind: str) -> Iterator[None]:
    """Be in another namespace of this kind inside the block.

    Namespaces belong to the thread, so the block must not await. Sockets and (with "pid") children made inside
    stay in the other namespace.
    """
    own = _open_own(kind)
    try:
        linux.setns(fd, KINDS[kind])
        try:
            yield
        finally:
            linux.setns(own, KINDS[kind])
    finally:
        os.close(own)


@contextlib.contextmanager
def new_pid_namespace() -> Iterator[None]:
    """The first child created inside the block is process 1 of a new pid namespace."""
    own = _open_own("pid")
    try:
        linux.unshare(linux.CLONE_NEWPID)
        try:
            yield
        finally:
            linux.setns(own, linux.CLONE_NEWPID)
    finally:
        os.close(own)


def create(kind: str) -> int:
    """A new namespace of this kind as a file descriptor: it lives until the last descriptor and process are gone."""
    own = _open_own(kind)
    try:
        linux.unshare(KINDS[kind])
        try:
            return _open_own(kind)
        finally:
            linux.setns(own, KINDS[kind])
    finally:
        os.close(own)
