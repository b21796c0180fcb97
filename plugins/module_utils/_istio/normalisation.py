# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request targets as the gateway reads them, with ``pathNormalization: MERGE_SLASHES`` (semantics.md B.21). PRIVATE.

Envoy decodes escapes of unreserved characters, resolves dots, and merges slashes; escapes of slashes stay. What it
reads is also what it sends on.
"""

from __future__ import annotations

import re

from .._http.uri import BadTargetError

_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_BROKEN = re.compile(r"%(?![0-9a-fA-F]{2})|%00")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def normalised_target(target: str) -> str:
    """Return a request target as Envoy matches and forwards it. Raises BadTargetError where Envoy answers 400."""
    path, mark, query = target.partition("?")
    if not path.startswith("/") or _BROKEN.search(path):
        raise BadTargetError(target)
    decoded = _ESCAPE.sub(_unescape, path)
    segments: list[str] = []
    parts = re.sub(r"/+", "/", decoded.replace("\\", "/")).split("/")[1:]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "..":
            segments = segments[:-1]
        elif part != ".":
            segments.append(part)
            continue
        if last:
            segments.append("")
    return "/" + "/".join(segments) + mark + query


def _unescape(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0]
