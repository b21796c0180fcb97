# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`kubectl port-forward`: TCP connections to ports inside a Pod, as SPDY streams.

Each connection is a pair of streams with the same request id: "data", and "error" for a line of text when it fails.
Source: https://github.com/kubernetes/kubernetes, staging/src/k8s.io/client-go/tools/portforward.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from sandbox import namespaces
from sandbox.agent import spdy
from sandbox.agent.spdy import FLAG_FIN, Frame, Kind
from sandbox.agent.websocket import ProtocolError

if TYPE_CHECKING:
    from sandbox.agent.http_server import Exchange
    from sandbox.agent.websocket import WebSocket

SPDY_PROTOCOL: Final = "portforward.k8s.io"
TUNNEL_PROTOCOL: Final = "SPDY/3.1+portforward.k8s.io"
_CHUNK: Final = 32768
_QUEUE_LENGTH: Final = 32
_CONNECT_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class Carrier(Protocol):
    """What takes SPDY's bytes to the client: the connection itself, or WebSocket messages."""

    async def receive(self) -> bytes | None:
        """Some bytes; None at the end."""

    async def send(self, payload: bytes) -> None:
        """Send bytes."""


class PlainCarrier:
    """SPDY on the connection itself."""

    def __init__(self, exchange: Exchange) -> None:
        exchange.upgrade({"Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": SPDY_PROTOCOL})
        self._reader = exchange.reader
        self._writer = exchange.writer

    async def receive(self) -> bytes | None:
        """Some bytes; None at the end."""
        return await self._reader.read(_CHUNK) or None

    async def send(self, payload: bytes) -> None:
        """Send bytes."""
        self._writer.write(payload)
        await self._writer.drain()


def tunnel(websocket: WebSocket) -> Carrier:
    """SPDY inside of WebSocket messages: a WebSocket has the two methods of a carrier."""
    return websocket


@dataclass(slots=True)
class _Request:
    """The two streams of one connection, and what the client sends on the data stream (b"" at its end)."""

    port: int = 0
    data: int = 0
    error: int = 0
    received: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(_QUEUE_LENGTH))


class PortForward:
    """All connections of one `kubectl port-forward`."""

    def __init__(self, carrier: Carrier, network: int) -> None:
        """`network` is the Pod's network namespace."""
        self._carrier = carrier
        self._network = network
        self._header_reader = spdy.HeaderReader()
        self._header_writer = spdy.HeaderWriter()
        self._requests: dict[str, _Request] = {}
        self._by_stream: dict[int, _Request] = {}

    async def run(self) -> None:
        """Serve until the client goes away."""
        decoder = spdy.Decoder()
        async with asyncio.TaskGroup() as tasks:
            connections: set[asyncio.Task[None]] = set()
            try:
                while (data := await self._carrier.receive()) is not None:
                    for frame in decoder.feed(data):
                        if frame.kind == Kind.GOAWAY:
                            return
                        await self._handle(frame, tasks, connections)
            except (OSError, EOFError, spdy.ProtocolError, ProtocolError) as error:
                _log.debug("port forwarding ended: %s", error)
            finally:
                for connection in connections:
                    connection.cancel()

    async def _handle(self, frame: Frame, tasks: asyncio.TaskGroup, connections: set[asyncio.Task[None]]) -> None:
        match frame.kind:
            case Kind.SYN_STREAM:
                request = await self._open(frame)
                if request.data and request.error:
                    connections.add(tasks.create_task(self._forward(request)))
            case Kind.DATA:
                await self._take(frame)
            case Kind.RST_STREAM:
                request = self._by_stream.get(frame.stream, _Request())
                if frame.stream == request.data:
                    await request.received.put(b"")
            case Kind.PING:
                await self._carrier.send(spdy.encode(frame))
            case _:  # SETTINGS, HEADERS, WINDOW_UPDATE and what may come: nothing depends on them
                pass

    async def _open(self, frame: Frame) -> _Request:
        headers = self._header_reader.read_syn_stream(frame)
        request = self._requests.setdefault(headers.get("requestid", ""), _Request())
        self._by_stream[frame.stream] = request
        if headers.get("streamtype") == "error":
            request.error = frame.stream
        else:
            request.data = frame.stream
            request.port = int(headers["port"])
        reply = self._header_writer.write({})
        await self._carrier.send(spdy.encode(Frame(Kind.SYN_REPLY, frame.stream, 0, reply)))
        return request

    async def _take(self, frame: Frame) -> None:
        request = self._by_stream.get(frame.stream)
        if request is None or frame.stream != request.data:
            return
        if frame.payload:
            await request.received.put(frame.payload)
        if frame.ends_stream:
            await request.received.put(b"")

    async def _send(self, stream: int, payload: bytes, *, last: bool) -> None:
        await self._carrier.send(spdy.encode(Frame(Kind.DATA, stream, FLAG_FIN if last else 0, payload)))

    async def _forward(self, request: _Request) -> None:
        try:
            reader, writer = await self._connect(request.port)
        except (OSError, TimeoutError) as error:
            text = f"port {request.port} of the Pod does not answer: {error}"
            await self._send(request.error, text.encode(), last=True)
            await self._send(request.data, b"", last=True)
            return
        try:
            async with asyncio.TaskGroup() as directions:
                upward = directions.create_task(self._upward(request, writer))
                await self._downward(request, reader)
                upward.cancel()
        except* OSError as errors:
            _log.debug("connection to port %d: %s", request.port, errors.exceptions)
        finally:
            writer.close()
            await self._finish(request)

    async def _connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        with contextlib.ExitStack() as stack:
            with namespaces.entered(self._network, "net"):
                connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            stack.callback(connection.close)
            async with asyncio.timeout(_CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
            stack.pop_all()
        return await asyncio.open_connection(sock=connection)

    async def _upward(self, request: _Request, writer: asyncio.StreamWriter) -> None:
        """From the client to the Pod, until the client has said all."""
        while data := await request.received.get():
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    async def _downward(self, request: _Request, reader: asyncio.StreamReader) -> None:
        """From the Pod to the client, until the Pod has said all."""
        while data := await reader.read(_CHUNK):
            await self._send(request.data, data, last=False)

    async def _finish(self, request: _Request) -> None:
        with contextlib.suppress(OSError):
            await self._send(request.data, b"", last=True)
            await self._send(request.error, b"", last=True)
        for stream in (request.data, request.error):
            self._by_stream.pop(stream, None)
        self._requests = {key: value for key, value in self._requests.items() if value is not request}
