# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 for the kubelet's endpoints: one request per connection, answered whole, in chunks, or by an upgrade.

aiohttp's server has no way to hand a connection over to another protocol (SPDY), which port forwarding needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_HEAD_SECONDS: Final = 10.0


class RequestError(Exception):
    """The request cannot be served: an HTTP status and a line of text."""

    def __init__(self, status: http.HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Request:
    """Head of a request; header names are in lower case, the path is decoded."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]

    def flag(self, name: str) -> bool:
        """Whether a query parameter says yes, as Go's ParseBool reads it."""
        return self.query.get(name, [""])[-1] in ("1", "t", "T", "true", "TRUE", "True")

    def value(self, name: str) -> str | None:
        """The value of a query parameter that is given at most once."""
        values = self.query.get(name)
        return values[-1] if values else None


def parse_head(head: bytes) -> Request:
    """The request in front of a blank line; raises RequestError."""
    try:
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, version = first.split(" ")
        headers = {}
        for line in lines:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
    except ValueError as error:
        raise RequestError(http.HTTPStatus.BAD_REQUEST, f"malformed request: {error}") from error
    if version != "HTTP/1.1":
        raise RequestError(http.HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, version)
    split = urllib.parse.urlsplit(target)
    query = urllib.parse.parse_qs(split.query, keep_blank_values=True)
    return Request(method, urllib.parse.unquote(split.path), query, headers)


class Exchange:
    """One request and the connection on which it is answered, once."""

    def __init__(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.reader = reader
        self.writer = writer
        self.answered = False

    def _start(self, status: http.HTTPStatus, headers: dict[str, str]) -> None:
        self.answered = True
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def respond(self, status: http.HTTPStatus, body: str, content_type: str = "text/plain; charset=utf-8") -> None:
        """Answer with a whole body."""
        encoded = body.encode()
        headers = {"Content-Type": content_type, "Content-Length": str(len(encoded)), "Connection": "close"}
        self._start(status, headers)
        self.writer.write(encoded)

    def start_chunks(self) -> None:
        """Answer 200 with a body whose length is not known yet."""
        headers = {"Content-Type": "text/plain; charset=utf-8", "Transfer-Encoding": "chunked", "Connection": "close"}
        self._start(http.HTTPStatus.OK, headers)

    async def chunk(self, data: bytes) -> None:
        """A piece of that body; an empty one ends it."""
        self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self.writer.drain()

    async def client_gone(self) -> None:
        """Wait until the client closes the connection; it has nothing more to say before."""
        with contextlib.suppress(OSError):
            while await self.reader.read(1024):
                pass

    def upgrade(self, headers: dict[str, str]) -> None:
        """Answer 101: from now on the connection speaks another protocol."""
        self._start(http.HTTPStatus.SWITCHING_PROTOCOLS, {"Connection": "Upgrade", **headers})


async def serve_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Callable[[Exchange], Awaitable[None]]
) -> None:
    """Read a request, have it handled, close; errors become answers as long as there is none."""
    exchange = None
    try:
        async with asyncio.timeout(_HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        exchange = Exchange(parse_head(head), reader, writer)
        await handle(exchange)
    except RequestError as error:
        answer = exchange or Exchange(Request("", "", {}, {}), reader, writer)
        if not answer.answered:
            answer.respond(error.status, error.text)
    finally:
        writer.close()
