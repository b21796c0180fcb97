# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request targets as the gateway reads them, with ``pathNormalization: MERGE_SLASHES`` (semantics.md B.21). PRIVATE.

Envoy cuts the fragment, decodes escapes of unreserved characters, escapes what no path may hold, resolves dots, and
then merges slashes; escapes of slashes stay. What it reads is also what it sends on. All of this was seen on a real
gateway; its rules for paths are those of Envoy's ``path_canonicalizer`` and ``PathUtil::mergeSlashes``.
"""

from __future__ import annotations

import re

from .._http.uri import BadTargetError

_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_SLASHES = re.compile(r"/+")
_ONLY_SLASHES = re.compile(r"//+")
_NOT_IN_PATHS = re.compile(r'["<>^`{|}]')
_UNUSUAL = re.compile(r'[%"<>^`{|}\\]|//|/\.')
"""What all of the following deals with: a path without any of it stays as it is."""
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def normalised_target(target: str) -> str:
    """Return a request target as Envoy matches and forwards it. Raises BadTargetError where Envoy answers 400.

    A broken escape is passed on as it is.
    """
    path, mark, query = target.partition("#")[0].partition("?")
    if not path.startswith("/") or "%00" in path or not target.isascii():
        raise BadTargetError(target)
    if not _UNUSUAL.search(path):
        return path + mark + query
    decoded = _ESCAPE.sub(_unescape, path)
    legal = _NOT_IN_PATHS.sub(lambda found: f"%{ord(found[0]):02X}", decoded)
    return _merged(_without_dots(legal.replace("\\", "/"))) + mark + query


def _without_dots(path: str) -> str:
    """Return ``path`` without ``.`` and ``..``; two dots take back one segment, be it empty, and none at the root."""
    segments: list[str] = []
    parts = path.split("/")[1:]
    for number, part in enumerate(parts):
        if part == "..":
            segments = segments[:-1]
        elif part != ".":
            segments.append(part)
            continue
        if number == len(parts) - 1:
            segments.append("")
    return "/" + "/".join(segments)


def _merged(path: str) -> str:
    # Envoy puts the parts between slashes together again, and of slashes alone it keeps the first and the last.
    return "//" if _ONLY_SLASHES.fullmatch(path) else _SLASHES.sub("/", path)


def _unescape(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0]
