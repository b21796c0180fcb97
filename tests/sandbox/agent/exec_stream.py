# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`kubectl exec`: a process in a container, its streams as channels of a WebSocket.

The first byte of a message is its channel. Source: https://kubernetes.io/blog/2024/08/20/websockets-transition/ and
k8s.io/apimachinery/pkg/util/remotecommand (v4: channels 0-4; v5 adds the message that closes a channel).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import struct
import termios
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from sandbox.agent.process import StartError
from sandbox.agent.websocket import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.agent.process import Process
    from sandbox.agent.websocket import WebSocket

PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_CHUNK: Final = 32768
_DRAIN_SECONDS: Final = 1.0


class Channel(IntEnum):
    """First bytes of messages."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    ERROR = 3
    RESIZE = 4
    CLOSE = 255


def status(exit_code: int) -> dict[str, Any]:
    """The last message of an exec: a Status object, which carries the exit code when it is not 0."""
    if exit_code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": f"command terminated with non-zero exit code: {exit_code}",
        "details": {"causes": [{"reason": "ExitCode", "message": str(exit_code)}]},
    }


def failure(message: str) -> dict[str, Any]:
    """The last message of an exec that could not be started."""
    return {"metadata": {}, "status": "Failure", "reason": "InternalError", "message": message, "code": 500}


class Streams:
    """The ends of pipes, or of one terminal, between a process and the WebSocket."""

    def __init__(self, *, stdin: bool, terminal: bool) -> None:
        self.terminal = terminal
        self._ours: dict[Channel, int] = {}
        if terminal:
            ours, theirs = pty.openpty()
            self.child = (theirs, theirs, theirs)
            self._ours[Channel.STDOUT] = ours
            if stdin:
                self._ours[Channel.STDIN] = os.dup(ours)
            return
        self._ours[Channel.STDOUT], stdout = os.pipe()
        self._ours[Channel.STDERR], stderr = os.pipe()
        if stdin:
            child_stdin, self._ours[Channel.STDIN] = os.pipe()
        else:
            child_stdin = os.open(os.devnull, os.O_RDONLY)
        self.child = (child_stdin, stdout, stderr)

    def close_child_ends(self) -> None:
        """The process has its own copies now."""
        for fd in set(self.child):
            os.close(fd)

    def take(self, channel: Channel) -> int | None:
        """Our end of a channel; whoever takes it closes it."""
        return self._ours.pop(channel, None)

    def close(self) -> None:
        """Close what nobody has taken."""
        for fd in self._ours.values():
            os.close(fd)


class _Session:
    def __init__(self, websocket: WebSocket, process: Process, streams: Streams) -> None:
        self._websocket = websocket
        self._process = process
        self._outputs = {
            channel: fd for channel in (Channel.STDOUT, Channel.STDERR) if (fd := streams.take(channel)) is not None
        }
        self._terminal = os.dup(self._outputs[Channel.STDOUT]) if streams.terminal else None
        self._stdin_fd = streams.take(Channel.STDIN)
        self._stdin: asyncio.StreamWriter | None = None

    async def run(self) -> int:
        """Move the bytes until the process has ended; its exit code."""
        if self._stdin_fd is not None:
            self._stdin = await _pipe_writer(self._stdin_fd)
        outputs = [asyncio.create_task(self._pump(channel, fd)) for channel, fd in self._outputs.items()]
        incoming = asyncio.create_task(self._receive())
        try:
            exit_code = await self._process.wait()
            # A process that it left behind may hold the pipes; what has been written is taken, no more.
            await asyncio.wait(outputs, timeout=_DRAIN_SECONDS)
        finally:
            for task in (*outputs, incoming):
                task.cancel()
            if self._stdin is not None:
                self._stdin.close()
            if self._terminal is not None:
                os.close(self._terminal)
        return exit_code

    async def _pump(self, channel: Channel, fd: int) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb", buffering=0)
        )
        try:
            # A terminal whose last process has ended reports an error instead of an end.
            with contextlib.suppress(OSError):
                while data := await reader.read(_CHUNK):
                    await self._websocket.send(bytes([channel]) + data)
        finally:
            transport.close()

    async def _receive(self) -> None:
        """Take input; a client that goes away takes the process with it."""
        try:
            while (message := await self._websocket.receive()) is not None:
                if message:
                    await self._take(message)
        except (OSError, EOFError, ProtocolError):
            pass
        self._process.kill()

    async def _take(self, message: bytes) -> None:
        channel, data = message[0], message[1:]
        if channel == Channel.STDIN and self._stdin is not None and data:
            with contextlib.suppress(OSError):
                self._stdin.write(data)
                await self._stdin.drain()
        elif channel == Channel.RESIZE and self._terminal is not None:
            size = json.loads(data)
            packed = struct.pack("HHHH", size["Height"], size["Width"], 0, 0)
            fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, packed)
        elif channel == Channel.CLOSE and data == bytes([Channel.STDIN]) and self._stdin is not None:
            self._stdin.close()


async def _pipe_writer(fd: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(fd, "wb", buffering=0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


async def serve(websocket: WebSocket, streams: Streams, start: Callable[[], Awaitable[Process]]) -> None:
    """Start a process with these streams and talk to the client until it has ended."""
    try:
        try:
            process = await start()
        except (OSError, StartError) as error:
            outcome = failure(str(error))
        else:
            outcome = status(await _Session(websocket, process, streams).run())
        await websocket.send(bytes([Channel.ERROR]) + json.dumps(outcome).encode())
        await websocket.close()
    finally:
        streams.close()
