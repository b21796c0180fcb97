# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import asyncio
import struct

import pytest

from sandbox.agent import websocket
from sandbox.agent.websocket import Opcode, WebSocket


class _Writer:
    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    async def drain(self) -> None:
        pass


def _client_frame(opcode: int, payload: bytes, *, final: bool = True, masked: bool = True) -> bytes:
    first = (0x80 if final else 0) | opcode
    length = len(payload)
    mask = b"\x01\x02\x03\x04"
    size = bytes([0x80 | length]) if length < 126 else bytes([0x80 | 126]) + struct.pack(">H", length)
    if not masked:
        return bytes([first, length]) + payload
    return bytes([first]) + size + mask + websocket.unmasked(payload, mask)


def _receive(*frames: bytes, count: int = 1) -> tuple[list[bytes | None], bytes]:
    async def run() -> tuple[list[bytes | None], bytes]:
        reader, writer = asyncio.StreamReader(), _Writer()
        reader.feed_data(b"".join(frames))
        reader.feed_eof()
        peer = WebSocket(reader, writer)  # type: ignore[arg-type]
        return [await peer.receive() for _ in range(count)], writer.written

    return asyncio.run(run())


def test_the_key_of_the_rfc_is_accepted() -> None:
    assert websocket.accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("payload", [b"", b"a", b"abcd" * 5, bytes(range(256)) * 3])
def test_masking_twice_changes_nothing(payload: bytes) -> None:
    mask = b"\x9a\x00\xff\x31"
    masked = websocket.unmasked(payload, mask)
    assert all(byte == payload[index] ^ mask[index % 4] for index, byte in enumerate(masked))
    assert websocket.unmasked(masked, mask) == payload


@pytest.mark.parametrize(("length", "head"), [(5, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)])
def test_lengths_of_frames(length: int, head: int) -> None:
    assert len(websocket.encode_frame(Opcode.BINARY, b"x" * length)) == head + length


def test_joins_fragments_and_answers_pings_in_between() -> None:
    messages, written = _receive(
        _client_frame(2, b"ab", final=False),
        _client_frame(9, b"ping"),
        _client_frame(0, b"cd" * 100),
    )
    assert messages == [b"ab" + b"cd" * 100]
    assert written == websocket.encode_frame(Opcode.PONG, b"ping")


def test_a_close_is_answered_and_ends_the_messages() -> None:
    messages, written = _receive(_client_frame(8, b""), count=1)
    assert messages == [None]
    assert written[0] == 0x88


def test_a_client_must_mask() -> None:
    with pytest.raises(websocket.ProtocolError, match="not masked"):
        _receive(_client_frame(2, b"abc", masked=False))
