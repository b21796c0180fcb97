# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of nginx in the text of an annotation (nginx ``ngx_http_script.c``). PRIVATE to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from .._http.exchange import Request
from .._http.uri import host_name

KNOWN = frozenset(
    (
        "best_http_host",
        "escaped_request_uri",
        "host",
        "http_host",
        "pass_access_scheme",
        "remote_addr",
        "request_method",
        "request_uri",
        "scheme",
    )
)
"""Variables whose value follows from the request alone; ``http_<name>`` is a request header besides."""

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))", re.ASCII)


def parts_of(text: str) -> tuple[str, ...]:
    """Return ``text`` as a list of parts: ``=text`` is literal, ``$name`` a variable."""
    return tuple(_parts(text))


def _parts(text: str) -> Iterator[str]:
    start = 0
    for found in _VARIABLE.finditer(text):
        if found.start() > start:
            yield f"={text[start : found.start()]}"
        yield f"${found[1] or found[2]}"
        start = found.end()
    if start < len(text):
        yield f"={text[start:]}"


def unknown_variables(text: str) -> list[str]:
    """Return the variables of ``text`` whose value does not follow from the request alone; a lone ``$`` is one."""
    names = [part[1:] for part in parts_of(text) if part.startswith("$")]
    lone = ["$"] if "$" in _VARIABLE.sub("", text) else []
    return lone + [name for name in names if name not in KNOWN and not name.startswith("http_")]


def expanded(text: str, request: Request) -> str:
    """Return what ``text`` says for ``request``."""
    return "".join(_value(part[1:], request) if part.startswith("$") else part[1:] for part in parts_of(text))


_REFERENCE = re.compile(r"\$(?:(\d)|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))", re.ASCII)


def expanded_with_groups(text: str, groups: Sequence[str], request: Request) -> str:
    """Return what ``text`` says where ``$1`` is the first of ``groups``; one that is not there is empty.

    A variable whose value does not follow from the request stays as it is written.
    """

    def value(found: re.Match[str]) -> str:
        if found[1]:
            number = int(found[1])
            return groups[number - 1] if 0 < number <= len(groups) else ""
        name = found[2] or found[3]
        return _value(name, request) if name in KNOWN or name.startswith("http_") else found[0]

    return _REFERENCE.sub(value, text)


def _value(name: str, request: Request) -> str:
    if name in ("http_host", "best_http_host"):
        return request.host
    if name.startswith("http_"):
        return request.headers.get(name[5:].replace("_", "-"), "")
    return {
        "escaped_request_uri": quote(request.target, safe="-._~"),
        "host": host_name(request.host),
        "pass_access_scheme": request.scheme,
        "remote_addr": request.client,
        "request_method": request.method,
        "request_uri": request.target,
        "scheme": request.scheme,
    }[name]
