# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS messages (RFC 1035) as far as a name server without recursion needs them."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

_HEADER: Final = struct.Struct(">HHHHHH")
_QUESTION: Final = struct.Struct(">HH")
_RECORD: Final = struct.Struct(">HHIH")
_SRV: Final = struct.Struct(">HHH")
_CLASS_IN: Final = 1
_MAX_LABEL: Final = 63
_MAX_NAME: Final = 255
_RESPONSE_FLAGS: Final = 0x8400  # a response, authoritative
_TRUNCATED: Final = 0x0200
_RECURSION_DESIRED: Final = 0x0100
_OPCODE: Final = 0x7800
UDP_LIMIT: Final = 512


class Type(IntEnum):
    """Record types that are answered, or looked at."""

    A = 1
    CNAME = 5
    SOA = 6
    PTR = 12
    AAAA = 28
    SRV = 33
    OPT = 41
    ANY = 255


class Code(IntEnum):
    """Response codes."""

    NO_ERROR = 0
    FORMAT_ERROR = 1
    NAME_ERROR = 3
    NOT_IMPLEMENTED = 4


class MessageError(ValueError):
    """The bytes are no query."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question; `name` is in lower case without the final dot, `wire_question` as it came."""

    identifier: int
    flags: int
    name: str
    type: int
    wire_question: bytes
    udp_limit: int

    @property
    def is_standard(self) -> bool:
        """Whether it is an ordinary query, not an update or the like."""
        return not self.flags & _OPCODE


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `data` is in wire format."""

    name: str
    type: Type
    data: bytes
    ttl: int = 5


def encode_name(name: str) -> bytes:
    """A name as labels; raises MessageError for one that cannot be written."""
    encoded = b""
    for label in name.split(".") if name else []:
        raw = label.encode("idna" if not label.isascii() else "ascii")
        if not 0 < len(raw) <= _MAX_LABEL:
            raise MessageError(f"{name!r} is no domain name")
        encoded += bytes([len(raw)]) + raw
    if len(encoded) >= _MAX_NAME:
        raise MessageError(f"{name!r} is longer than a domain name can be")
    return encoded + b"\0"


def _read_name(message: bytes, offset: int) -> tuple[str, int]:
    labels: list[str] = []
    while True:
        length = message[offset]
        offset += 1
        if length == 0:
            return ".".join(labels), offset
        if length > _MAX_LABEL:  # a pointer, which a question has no use for
            raise MessageError("a compressed name in a question")
        labels.append(message[offset : offset + length].decode("ascii").lower())
        offset += length


def parse(message: bytes) -> Query:
    """The question of a query; raises MessageError."""
    try:
        identifier, flags, questions, answers, authorities, additional = _HEADER.unpack_from(message)
        if flags & 0x8000 or questions != 1 or answers or authorities:
            raise MessageError("not a query with one question")
        name, offset = _read_name(message, _HEADER.size)
        kind, _ = _QUESTION.unpack_from(message, offset)
        offset += _QUESTION.size
        wire_question = message[_HEADER.size : offset]
        limit = _udp_limit(message, offset) if additional else UDP_LIMIT
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise MessageError(f"cut short or garbled: {error}") from error
    return Query(identifier, flags, name, kind, wire_question, limit)


def _udp_limit(message: bytes, offset: int) -> int:
    """The size that an EDNS client takes (RFC 6891): the class field of an OPT record, which has an empty name."""
    if message[offset] != 0:
        return UDP_LIMIT
    kind, size = _QUESTION.unpack_from(message, offset + 1)
    return max(UDP_LIMIT, size) if kind == Type.OPT else UDP_LIMIT


def response(
    query: Query,
    code: Code,
    answers: list[Record] | None = None,
    authorities: list[Record] | None = None,
    limit: int | None = None,
) -> bytes:
    """The bytes of a response; with a limit, a longer one becomes an empty one that asks for TCP."""
    flags = _RESPONSE_FLAGS | code | (query.flags & _RECURSION_DESIRED)
    sections = [answers or [], authorities or []]
    body = b"".join(_encode(record) for records in sections for record in records)
    counts = [len(records) for records in sections]
    if limit is not None and _HEADER.size + len(query.wire_question) + len(body) > limit:
        flags, body, counts = flags | _TRUNCATED, b"", [0, 0]
    return _HEADER.pack(query.identifier, flags, 1, *counts, 0) + query.wire_question + body


def _encode(record: Record) -> bytes:
    return encode_name(record.name) + _RECORD.pack(record.type, _CLASS_IN, record.ttl, len(record.data)) + record.data


def address(name: str, ip: str) -> Record:
    """An A record."""
    return Record(name, Type.A, socket.inet_aton(ip))


def alias(name: str, target: str) -> Record:
    """A CNAME record."""
    return Record(name, Type.CNAME, encode_name(target))


def pointer(name: str, target: str) -> Record:
    """A PTR record."""
    return Record(name, Type.PTR, encode_name(target))


def service(name: str, port: int, target: str) -> Record:
    """A SRV record (RFC 2782); all have the same priority and weight."""
    return Record(name, Type.SRV, _SRV.pack(0, 100, port) + encode_name(target))


def start_of_authority(zone: str) -> Record:
    """The SOA record that says how long a negative answer may be kept (RFC 2308)."""
    timers = struct.pack(">IIIII", 1, 7200, 1800, 86400, 5)
    return Record(zone, Type.SOA, encode_name(f"ns.dns.{zone}") + encode_name(f"hostmaster.{zone}") + timers)
