# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A loopback port that leads to an address inside a network namespace.

One event loop moves the bytes of all connections; a slow reader stops its own writer and nobody else. Half-closed
connections stay half-closed, and a reset on one side becomes a reset on the other, so that a client sees what it
would have seen without the forwarder. The one exception: where the target refuses, the client's connection is reset
after it was accepted.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from typing import TYPE_CHECKING, Final

from sandbox import namespaces

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK: Final = 65536
_ACCEPTS_PER_WAKE: Final = 64
_CONNECT_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.5
# struct linger of socket(7): closing sends a reset, or ends the connection in the ordinary way.
_RESET_ON_CLOSE: Final = struct.pack("=ii", 1, 0)
_ORDINARY_CLOSE: Final = struct.pack("=ii", 0, 0)

_log = logging.getLogger(__name__)


class _Direction:
    """Bytes from one socket to another; what could not be written yet is at most one chunk."""

    __slots__ = ("_loop", "_on_end", "_on_error", "_pending", "_sink", "_source")

    def __init__(
        self, source: socket.socket, sink: socket.socket, on_end: Callable[[], None], on_error: Callable[[], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._source = source
        self._sink = sink
        self._pending = b""
        self._on_end = on_end
        self._on_error = on_error
        self._loop.add_reader(source, self._readable)

    def _readable(self) -> None:
        try:
            data = self._source.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self._on_error()
            return
        if data:
            self._write(data)
        else:
            self._loop.remove_reader(self._source)
            self._end()

    def _write(self, data: bytes) -> None:
        try:
            sent = self._sink.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._on_error()
            return
        if sent < len(data):
            self._pending = data[sent:]
            self._loop.remove_reader(self._source)
            self._loop.add_writer(self._sink, self._writable)

    def _writable(self) -> None:
        data, self._pending = self._pending, b""
        self._loop.remove_writer(self._sink)
        self._loop.add_reader(self._source, self._readable)
        self._write(data)

    def _end(self) -> None:
        try:
            self._sink.shutdown(socket.SHUT_WR)
        except OSError:
            self._on_error()
        else:
            self._on_end()


class _Connection:
    """A client's connection and the one that was made for it, until both directions have ended."""

    __slots__ = ("_client", "_loop", "_open_directions", "_target")

    def __init__(self, client: socket.socket, target: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._client = client
        self._target = target
        self._open_directions = 2
        for one in (client, target):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _Direction(client, target, self._direction_ended, self._reset)
        _Direction(target, client, self._direction_ended, self._reset)

    def _direction_ended(self) -> None:
        self._open_directions -= 1
        if not self._open_directions:
            self._close()

    def _reset(self) -> None:
        for one in (self._client, self._target):
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._close()

    def _close(self) -> None:
        for one in (self._client, self._target):
            self._loop.remove_reader(one)
            self._loop.remove_writer(one)
            one.close()


class Forwarder:
    """Serves one listener until it is closed; connections that are open then go on."""

    def __init__(self, listener: socket.socket, namespace: int, address: str, port: int) -> None:
        """Must be made inside a running loop; owns the listener from now on."""
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._namespace = namespace
        self._target = (address, port)
        self._connecting: set[asyncio.Task[None]] = set()
        self._resume: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        self._loop.add_reader(listener, self._accept)

    def close(self) -> None:
        """Stop listening."""
        if self._resume is not None:
            self._resume.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_PER_WAKE):
            try:
                client, _ = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionError:
                continue
            except OSError as error:  # out of file descriptors: leave the backlog to the kernel for a moment
                _log.warning("cannot accept for %s:%d: %s", *self._target, error)
                self._loop.remove_reader(self._listener)
                self._resume = self._loop.call_later(
                    _PAUSE_SECONDS, self._loop.add_reader, self._listener, self._accept
                )
                return
            client.setblocking(False)
            task = self._loop.create_task(self._connect(client))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self, client: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(client.close)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            try:
                with namespaces.entered(self._namespace, "net"):
                    target = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
                stack.callback(target.close)
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await self._loop.sock_connect(target, self._target)
            except (OSError, TimeoutError) as error:
                _log.info("cannot connect to %s:%d: %s", *self._target, error)
                return
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ORDINARY_CLOSE)
            stack.pop_all()
        _Connection(client, target)
