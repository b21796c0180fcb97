# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx asks another service before it lets a request pass (semantics.md B.13). PRIVATE to the collection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE")

_HEADER = re.compile(r"[A-Za-z0-9\-_]+", re.ASCII)
_STATUS = re.compile(r"[0-9]{3}")
_DURATION = re.compile(r"[0-9]+(?:ms|s|m|h|d|w|M|y)")
_REQUEST_URI = re.compile(r"\$(?:request_uri(?![A-Za-z0-9_])|\{request_uri\})")
_AUTHORITY = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a URL of an annotation leads: ``host`` may name variables; ``path`` is what follows, with its query."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question to another service. Texts may name variables of nginx; all but ``url`` may be empty.

    ``method`` is that of the question, GET where it is empty; ``signin`` is where an answer of 401 leads; ``asked`` is
    sent as X-Auth-Request-Redirect; ``copied`` are headers of the answer for the backend, ``headers`` those of the
    question (ConfigMap). ``every_cookie`` tells that cookies reach the client with every status; ``snippet`` that
    directives change it in a way that is not known.
    """

    url: str
    method: str = ""
    signin: str = ""
    asked: str = ""
    copied: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    cached: bool = False
    every_cookie: bool = False
    snippet: bool = False


def address_of(url: str) -> Address | None:
    """Return where ``url`` leads, None where nginx refuses it (ingress-nginx ``parser.StringToURL``).

    ``$request_uri`` begins with a slash, so it may follow the host.
    """
    found = _AUTHORITY.fullmatch(url)
    if found is None or not found[2] or ".." in found[2] or " " in found[2]:
        return None
    authority, __, rest = _REQUEST_URI.sub(r"\n\g<0>", found[2], count=1).partition("\n")
    scheme, path = found[1].lower(), rest + found[3]
    host, colon, port = authority.rpartition("@")[2].partition(":")
    if not host or (colon and not (port.isascii() and port.isdigit())):
        return None
    return Address(scheme, host, int(port) if colon else (443 if scheme == "https" else 80), path)


def signin_url(url: str, parameter: str) -> str:
    """Return where a client is sent to sign in: with what it asked for in ``parameter``, unless that is there already.

    Source: ingress-nginx ``internal/ingress/controller/template/template.go`` buildAuthSignURL.
    """
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    name = parameter or "rd"
    if query.get(name, [""])[0]:
        return url
    mark = "&" if query else "?"
    return f"{url}{mark}{name}=$pass_access_scheme://$http_host$escaped_request_uri"


def header_names(text: str) -> tuple[str, ...] | None:
    """Return the names of a comma-separated list, None where one is not legal."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return names if all(map(is_header_name, names)) else None


def is_header_name(name: str) -> bool:
    """Tell whether nginx takes ``name`` for a header's."""
    return _HEADER.fullmatch(name) is not None


def are_durations(text: str) -> bool:
    """Tell whether nginx takes ``text`` for times to keep answers: a comma-separated list of statuses and times."""
    return all(_is_duration(item.strip()) for item in text.split(",") if item.strip())


def _is_duration(text: str) -> bool:
    seen = False
    for element in text.split():
        if _STATUS.fullmatch(element):
            if seen:
                return False
        elif _DURATION.fullmatch(element):
            seen = True
    return seen
