# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plane answered to one probe. PRIVATE to the collection."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

EMPTY_BODY = hashlib.sha256(b"").hexdigest()

_SWITCHING = 101
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, or what was seen instead of one.

    ``status`` is 0 when there was none. ``headers`` maps lower-case names to their values in order, bytes as Latin-1
    characters; trailers are not among them. ``body_sha256`` is over the first ``body_length`` bytes, which are all
    unless ``truncated``. ``error`` is empty or curl's exit code and text (``28: Operation timed out ...``).
    ``connected`` tells whether the plane accepted the connection. ``seconds`` is the time to the last byte.
    """

    status: int
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body_sha256: str = EMPTY_BODY
    body_length: int = 0
    truncated: bool = False
    http_version: str = ""
    error: str = ""
    connected: bool = True
    seconds: float = 0.0

    @property
    def failure(self) -> str:
        """curl's exit code as text, empty where there was an answer; its wording depends on times and ports."""
        return self.error.partition(":")[0]

    @property
    def location(self) -> str:
        """The ``Location`` header, empty without one."""
        return ", ".join(self.headers.get("location", ()))


def final_headers(lines: bytes) -> dict[str, tuple[str, ...]]:
    """Return the headers of the last answer in ``lines`` as received: earlier 1xx answers and trailers do not count.

    Lines without a colon are skipped; continued lines are joined with a space (RFC 9112 5.2).
    """
    headers: dict[str, list[str]] = {}
    values: list[str] = []
    inside = False
    for raw in lines.decode("latin-1").split("\n"):
        line = raw.removesuffix("\r")
        if not inside:
            if line.startswith("HTTP/"):
                headers, values, inside = {}, [], True
        elif not line:
            inside = False
        elif line[0] in " \t":
            if values:
                values[-1] += f" {line.strip()}"
        elif ":" in line:
            name, __, value = line.partition(":")
            values = headers.setdefault(name.strip().lower(), [])
            values.append(value.strip())
    return {name: tuple(found) for name, found in headers.items()}


def digest_of_file(path: Path) -> tuple[str, int]:
    """Return SHA-256 and length in bytes of a file; one that does not exist is empty."""
    sha256 = hashlib.sha256()
    length = 0
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                sha256.update(chunk)
                length += len(chunk)
    except FileNotFoundError:
        return EMPTY_BODY, 0
    return sha256.hexdigest(), length


def is_handshake(status: int) -> bool:
    """Tell whether ``status`` ends HTTP on the connection: what follows is no body."""
    return status == _SWITCHING
