# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import zlib

import pytest

from sandbox.agent import spdy
from sandbox.agent.spdy import FLAG_FIN, Decoder, Frame, HeaderReader, HeaderWriter, Kind


def test_the_dictionary_is_the_one_of_the_specification() -> None:
    # RFC 1950's DICTID, as given in the draft for version 3.
    assert zlib.adler32(spdy.DICTIONARY) == 0xE3C6A7C2


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Kind.DATA, 5, 0, b"hello"),
        Frame(Kind.DATA, 7, FLAG_FIN, b""),
        Frame(Kind.SYN_REPLY, 3, 0, b"block"),
        Frame(Kind.RST_STREAM, 9, 0, b"\0\0\0\1"),
        Frame(Kind.PING, 0, 0, b"\0\0\0\2"),
    ],
)
def test_frames_survive_the_way_there_and_back(frame: Frame) -> None:
    assert Decoder().feed(spdy.encode(frame)) == [frame]


def test_frames_are_found_however_the_bytes_are_cut() -> None:
    frames = [Frame(Kind.DATA, 1, 0, bytes([number]) * number) for number in range(20)]
    stream = b"".join(map(spdy.encode, frames))
    decoder = Decoder()
    found = [frame for start in range(0, len(stream), 3) for frame in decoder.feed(stream[start : start + 3])]
    assert found == frames


def test_another_version_is_refused() -> None:
    with pytest.raises(spdy.ProtocolError, match="version 2"):
        Decoder().feed(b"\x80\x02\x00\x01\x00\x00\x00\x04\x00\x00\x00\x01")


def test_header_blocks_share_one_compression_state() -> None:
    reader, writer = HeaderReader(), HeaderWriter()
    for headers in ({"streamtype": "error", "port": "80"}, {"streamtype": "data", "port": "80"}, {}):
        assert reader.read(writer.write(headers)) == headers


def test_a_garbled_block_is_an_error() -> None:
    with pytest.raises(spdy.ProtocolError, match="header block"):
        HeaderReader().read(b"nonsense")
