# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request targets as a server reads them. PRIVATE to the collection."""

from __future__ import annotations

import re

_UNUSUAL = re.compile(r"%|//|/\.")
_HEX = frozenset("0123456789abcdefABCDEF")


class BadTargetError(ValueError):
    """A request target that a server answers with 400."""


def normalised_path(path: str) -> str:
    """Return a raw path the way nginx chooses locations by it: percent-decoded, dots resolved, slashes merged.

    Bytes are kept as Latin-1 characters. Raises BadTargetError for a malformed escape, a NUL, or ``..`` above the
    root (semantics.md B.2, B.21; nginx ``ngx_http_parse_complex_uri``).
    """
    if not path.startswith("/"):
        raise BadTargetError(path)
    if not _UNUSUAL.search(path):
        return path
    segments: list[str] = []
    decoded = _decode(path)
    parts = decoded.split("/")[1:]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "..":
            if not segments:
                raise BadTargetError(path)
            segments.pop()
        if part not in ("", ".", ".."):
            segments.append(part)
        elif last:
            return "/" + "".join(f"{segment}/" for segment in segments)
    return "/" + "/".join(segments)


def _decode(path: str) -> str:
    if "%" not in path:
        return path
    out: list[str] = []
    position = 0
    while position < len(path):
        character = path[position]
        if character == "%":
            digits = path[position + 1 : position + 3]
            if len(digits) != 2 or not _HEX.issuperset(digits) or digits == "00":  # noqa: PLR2004 - two hex digits
                raise BadTargetError(path)
            character = chr(int(digits, 16))
            position += 2
        out.append(character)
        position += 1
    return "".join(out)


def host_name(host: str) -> str:
    """Return a Host header without its port and one trailing dot, in lower case."""
    name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return name.removesuffix(".").lower()
