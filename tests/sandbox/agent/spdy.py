# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SPDY/3.1 frames, as far as port forwarding needs them: kubectl and istioctl speak nothing else.

Source: https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/. There is no flow control: the Go library
on the other side has none and ignores WINDOW_UPDATE.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

_VERSION: Final = 3
_FRAME_HEAD: Final = struct.Struct(">II")
_LENGTH: Final = struct.Struct(">I")
_LONGEST_FRAME: Final = 0xFFFFFF
_STREAM_MASK: Final = 0x7FFFFFFF
FLAG_FIN: Final = 0x01

# The dictionary of 2.6.10.1: words with their lengths, then text without.
_WORDS: Final = (
    "options,head,post,put,delete,trace,accept,accept-charset,accept-encoding,accept-language,accept-ranges,age,allow,"
    "authorization,cache-control,connection,content-base,content-encoding,content-language,content-length,"
    "content-location,content-md5,content-range,content-type,date,etag,expect,expires,from,host,if-match,"
    "if-modified-since,if-none-match,if-range,if-unmodified-since,last-modified,location,max-forwards,pragma,"
    "proxy-authenticate,proxy-authorization,range,referer,retry-after,server,te,trailer,transfer-encoding,upgrade,"
    "user-agent,vary,via,warning,www-authenticate,method,get,status,200 OK,version,HTTP/1.1,url,public,set-cookie,"
    "keep-alive,origin"
)
_TEXT: Final = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY: Final = b"".join(_LENGTH.pack(len(word)) + word.encode() for word in _WORDS.split(",")) + _TEXT.encode()


class Kind(IntEnum):
    """Control frames; DATA stands for a data frame, which has no number."""

    DATA = 0
    SYN_STREAM = 1
    SYN_REPLY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    HEADERS = 8
    WINDOW_UPDATE = 9


class ProtocolError(Exception):
    """The peer does not speak SPDY/3.1."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `stream` is 0 where a frame belongs to none, `payload` what follows the stream number."""

    kind: Kind | int
    stream: int = 0
    flags: int = 0
    payload: bytes = b""

    @property
    def ends_stream(self) -> bool:
        """Whether the sender sends no more on this stream."""
        return bool(self.flags & FLAG_FIN)


_WITH_STREAM: Final = (Kind.SYN_STREAM, Kind.SYN_REPLY, Kind.RST_STREAM, Kind.HEADERS, Kind.WINDOW_UPDATE)


def encode(frame: Frame) -> bytes:
    """The bytes of a frame."""
    if frame.kind == Kind.DATA:
        first, body = frame.stream, frame.payload
    else:
        first = 0x80000000 | _VERSION << 16 | frame.kind
        body = (_LENGTH.pack(frame.stream) if frame.kind in _WITH_STREAM else b"") + frame.payload
    return _FRAME_HEAD.pack(first, frame.flags << 24 | len(body)) + body


class Decoder:
    """Turns bytes as they arrive into frames."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now; raises ProtocolError."""
        self._received += data
        frames = []
        while len(self._received) >= _FRAME_HEAD.size:
            first, second = _FRAME_HEAD.unpack_from(self._received)
            end = _FRAME_HEAD.size + (second & _LONGEST_FRAME)
            if len(self._received) < end:
                break
            body = bytes(self._received[_FRAME_HEAD.size : end])
            del self._received[:end]
            frames.append(self._frame(first, second >> 24, body))
        return frames

    def _frame(self, first: int, flags: int, body: bytes) -> Frame:
        if not first & 0x80000000:
            return Frame(Kind.DATA, first, flags, body)
        if first >> 16 & 0x7FFF != _VERSION:
            raise ProtocolError(f"SPDY version {first >> 16 & 0x7FFF}")
        kind = first & 0xFFFF
        if kind not in _WITH_STREAM:
            return Frame(kind, 0, flags, body)
        if len(body) < _LENGTH.size:
            raise ProtocolError(f"control frame {kind} without a stream")
        (stream,) = _LENGTH.unpack_from(body)
        return Frame(Kind(kind), stream & _STREAM_MASK, flags, body[_LENGTH.size :])


class HeaderReader:
    """Header blocks of one direction; they share one compression state."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def read_syn_stream(self, frame: Frame) -> dict[str, str]:
        """Headers of a SYN_STREAM frame: names in lower case; raises ProtocolError."""
        # Associated stream, priority and slot come first.
        return self.read(frame.payload[6:])

    def read(self, block: bytes) -> dict[str, str]:
        """Headers of a block; raises ProtocolError."""
        try:
            plain = self._inflate.decompress(block)
            (count,) = _LENGTH.unpack_from(plain)
            texts, offset = [], _LENGTH.size
            for _ in range(count * 2):
                (length,) = _LENGTH.unpack_from(plain, offset)
                offset += _LENGTH.size
                texts.append(plain[offset : offset + length].decode())
                offset += length
        except (zlib.error, struct.error, UnicodeDecodeError) as error:
            raise ProtocolError(f"header block: {error}") from error
        return {name.lower(): value for name, value in zip(texts[::2], texts[1::2], strict=True)}


class HeaderWriter:
    """The other direction."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def write(self, headers: dict[str, str]) -> bytes:
        """A header block."""
        plain = _LENGTH.pack(len(headers)) + b"".join(
            _LENGTH.pack(len(text.encode())) + text.encode() for pair in headers.items() for text in pair
        )
        return self._deflate.compress(plain) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
