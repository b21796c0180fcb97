# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of loopback ports: one per sandbox, owned by whoever listens on the first port of the block."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Final

from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator

PORTS_PER_SANDBOX: Final = 100
_FIRST_BLOCK: Final = 20100
_LAST_BLOCK: Final = 29900
_PREFERRED: Final = {"cluster-a": 20100, "cluster-b": 20200}
_BACKLOG: Final = 1024


def candidates(name: str) -> Iterator[int]:
    """First ports to try for a sandbox, best first: its own one, then those that are nobody's, then the rest."""
    blocks = range(_FIRST_BLOCK, _LAST_BLOCK + 1, PORTS_PER_SANDBOX)
    reserved = set(_PREFERRED.values())
    if name in _PREFERRED:
        yield _PREFERRED[name]
    yield from (block for block in blocks if block not in reserved)
    yield from (block for block in blocks if block in reserved and block != _PREFERRED.get(name))


def listen(port: int) -> socket.socket | None:
    """A listening socket on 127.0.0.1; None when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with contextlib.ExitStack() as stack:
        stack.callback(listener.close)
        # Without it a port whose last connections are in TIME_WAIT counts as taken.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(_BACKLOG)
        except OSError:
            return None
        stack.pop_all()
    return listener


def reserve(name: str) -> tuple[int, socket.socket]:
    """The first port of a free block and the listener that owns it; raises SandboxError when none is free."""
    for port in candidates(name):
        listener = listen(port)
        if listener is not None:
            return port, listener
    raise SandboxError(
        f"sandbox {name}: no free block of ports between {_FIRST_BLOCK} and {_LAST_BLOCK + PORTS_PER_SANDBOX - 1} "
        "on 127.0.0.1: take another sandbox down"
    )
