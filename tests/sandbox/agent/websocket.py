# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's side of WebSocket (RFC 6455)."""

from __future__ import annotations

import base64
import hashlib
import http
import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from sandbox.agent.http_server import RequestError

if TYPE_CHECKING:
    import asyncio

    from sandbox.agent.http_server import Exchange

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LONGEST_MESSAGE: Final = 32 * 1024 * 1024
_NORMAL_CLOSURE: Final = 1000


class Opcode(IntEnum):
    """Kinds of frames."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class ProtocolError(Exception):
    """The peer does not speak WebSocket."""


def unmasked(data: bytes, mask: bytes) -> bytes:
    """Undo (or do) the masking of RFC 6455 5.3."""
    length = len(data)
    repeated = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")


def encode_frame(opcode: Opcode, payload: bytes) -> bytes:
    """One unmasked, final frame, as a server sends it."""
    length = len(payload)
    if length < 126:
        head = struct.pack(">BB", 0x80 | opcode, length)
    elif length < 1 << 16:
        head = struct.pack(">BBH", 0x80 | opcode, 126, length)
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 127, length)
    return head + payload


def accept_key(key: str) -> str:
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()


def is_upgrade(headers: dict[str, str]) -> bool:
    """Whether a request asks for WebSocket."""
    return headers.get("upgrade", "").lower() == "websocket" and "sec-websocket-key" in headers


class WebSocket:
    """Messages over a connection that has been upgraded."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._closing = False

    @classmethod
    def accept(cls, exchange: Exchange, protocols: tuple[str, ...]) -> tuple[WebSocket, str]:
        """Upgrade to the first of our protocols that the client offers; raises RequestError when there is none."""
        headers = exchange.request.headers
        offered = [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",")]
        chosen = next((name for name in protocols if name in offered), None)
        if chosen is None:
            raise RequestError(
                http.HTTPStatus.BAD_REQUEST, f"WebSocket protocols {offered} are not served, {protocols} are"
            )
        exchange.upgrade(
            {
                "Upgrade": "websocket",
                "Sec-WebSocket-Accept": accept_key(headers["sec-websocket-key"]),
                "Sec-WebSocket-Protocol": chosen,
            }
        )
        return cls(exchange.reader, exchange.writer), chosen

    async def receive(self) -> bytes | None:
        """The next message; None when the peer closes. Raises ProtocolError, OSError, IncompleteReadError."""
        message = b""
        while True:
            final, opcode, payload = await self._frame()
            if opcode == Opcode.CLOSE:
                await self.close()
                return None
            if opcode == Opcode.PING:
                await self._send(Opcode.PONG, payload)
            elif opcode != Opcode.PONG:
                message += payload
                if len(message) > _LONGEST_MESSAGE:
                    raise ProtocolError(f"a message of more than {_LONGEST_MESSAGE} bytes")
                if final:
                    return message

    async def _frame(self) -> tuple[bool, int, bytes]:
        first, second = await self._reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", await self._reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await self._reader.readexactly(8))
        if not second & 0x80:
            raise ProtocolError("a frame of a client is not masked")
        if length > _LONGEST_MESSAGE:
            raise ProtocolError(f"a frame of {length} bytes")
        mask = await self._reader.readexactly(4)
        payload = await self._reader.readexactly(length)
        return bool(first & 0x80), first & 0x0F, unmasked(payload, mask)

    async def send(self, payload: bytes) -> None:
        """One binary message."""
        await self._send(Opcode.BINARY, payload)

    async def close(self) -> None:
        """Say that nothing more comes."""
        if not self._closing:
            self._closing = True
            await self._send(Opcode.CLOSE, struct.pack(">H", _NORMAL_CLOSURE))

    async def _send(self, opcode: Opcode, payload: bytes) -> None:
        self._writer.write(encode_frame(opcode, payload))
        await self._writer.drain()
