# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions that probes and hooks ask over the network. Each raises OSError or CheckError when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

_USER_AGENT: Final = "kube-probe/1.36"
_LONGEST_FRAME: Final = 1 << 20


class CheckError(Exception):
    """An answer that means no; the text says what it was."""


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


# A kubelet does not verify the certificates of what it probes either.
_TLS: Final = _unverified()


@contextlib.asynccontextmanager
async def _connected(
    address: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(address, port, ssl=tls)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def tcp(address: str, port: int) -> None:
    """Something listens there."""
    async with _connected(address, port):
        pass


async def http_get(address: str, port: int, path: str, *, tls: bool, headers: Iterable[tuple[str, str]] = ()) -> None:
    """A GET is answered with a status from 200 to 399; a redirect is not followed."""
    chosen = {"host": f"{address}:{port}", "user-agent": _USER_AGENT, "accept": "*/*"}
    chosen |= {name.lower(): value for name, value in headers}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in chosen.items()), "connection: close"]
    async with _connected(address, port, _TLS if tls else None) as (reader, writer):
        writer.write("\r\n".join([*lines, "", ""]).encode())
        status_line = await reader.readline()
    parts = status_line.split(None, 2)
    if len(parts) < 2 or not parts[1].isdigit():
        raise CheckError(f"no HTTP answer: {status_line[:80]!r}")
    status = int(parts[1])
    if not 200 <= status < 400:
        raise CheckError(f"HTTP probe failed with statuscode: {status}")


def _literal(name: bytes, value: bytes) -> bytes:
    """An HPACK header field without indexing and without Huffman coding (RFC 7541 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _health_request(authority: str, service: str) -> bytes:
    """Connection preface, settings, and a call of grpc.health.v1.Health/Check on stream 1 (RFC 9113)."""
    headers = b"".join(
        _literal(name, value)
        for name, value in (
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", b"/grpc.health.v1.Health/Check"),
            (b":authority", authority.encode()),
            (b"content-type", b"application/grpc"),
            (b"te", b"trailers"),
            (b"user-agent", _USER_AGENT.encode()),
        )
    )
    # HealthCheckRequest{service}: field 1, a string.
    name = service.encode()
    message = b"\x0a" + bytes([len(name)]) + name if name else b""
    body = b"\0" + struct.pack(">I", len(message)) + message
    return (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        + _frame(4, 0, 0, b"")
        + _frame(1, 0x4, 1, headers)
        + _frame(0, 0x1, 1, body)
    )


async def grpc_health(address: str, port: int, service: str) -> None:
    """The gRPC health service answers SERVING."""
    async with _connected(address, port) as (reader, writer):
        writer.write(_health_request(f"{address}:{port}", service))
        while True:
            try:
                head = await reader.readexactly(9)
                length = int.from_bytes(head[:3], "big")
                if length > _LONGEST_FRAME:
                    raise CheckError("no HTTP/2 answer")
                payload = await reader.readexactly(length)
            except asyncio.IncompleteReadError as error:
                raise CheckError("the connection ended without an answer of the health service") from error
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            if kind == 0 and stream == 1 and payload:
                # HealthCheckResponse{status}: field 1; SERVING is 1. The first five bytes are gRPC's frame.
                if payload[5:] == b"\x08\x01":
                    return
                raise CheckError(f"the health service answered {payload[5:]!r}, not SERVING")
            if kind in (3, 7) or (kind == 1 and flags & 0x1):
                raise CheckError("the health service refused the call")
