# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives that change headers (semantics.md B.18; headers-more-nginx-module's README). PRIVATE to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from .blocks import SAFE_STATUSES, Expires, HeaderChange, RequestChange
from .text import Text, constant, text_of

NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}
_SPAN = re.compile(r"(\d{1,10})(ms|[smhdwMy]?)", re.ASCII)
_EPOCH, _NEVER = "Thu, 01 Jan 1970 00:00:01 GMT", "Thu, 31 Dec 2037 23:55:55 GMT"
_LONGEST = 68 * _UNITS["y"]

_FRAMING = frozenset(("connection", "content-length", "date", "keep-alive", "location", "transfer-encoding", "upgrade"))
_SET_RATHER_THAN_ADDED = frozenset(("etag", "last-modified"))

GENERATED = frozenset(
    """
    host x-request-id x-real-ip x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-forwarded-scheme
    x-scheme x-original-forwarded-for x-original-forwarded-host proxy content-length transfer-encoding te expect
    """.split()  # noqa: SIM905 - a list of fifteen quoted strings reads worse
)
"""Headers that the controller or nginx itself sends to every backend; a snippet would send a second one."""

UPGRADING = frozenset(("upgrade", "connection"))
"""Headers of ``proxy_set_header`` that every gateway handles as nginx does with the usual values."""


class UnusualUseError(ValueError):
    """A directive of the table is used in a way that has no equal; ``str()`` says which."""


def set_response_headers(
    arguments: Sequence[str], variables: Mapping[str, Text], *, clears: bool
) -> list[HeaderChange]:
    """Return the changes of ``more_set_headers`` or ``more_clear_headers``."""
    statuses, headers = _options(arguments)
    changes = []
    for written in headers:
        name, __, value = written.partition(":")
        value = value.lstrip(" \t")
        wild = name.endswith("*")
        key = _name(name.rstrip("*") if clears and wild else name, _FRAMING)
        text = () if clears else text_of(value, variables)
        if clears or not text:
            changes.append(HeaderChange("clear", key + ("*" if clears and wild else ""), (), statuses))
        else:
            changes.append(HeaderChange("set", key, _one_line(text), statuses))
    return changes


def add_header(arguments: Sequence[str], variables: Mapping[str, Text]) -> list[HeaderChange]:
    """Return the change of ``add_header``: without ``always`` for some statuses only, without a value for none."""
    name, value, *rest = arguments
    if rest not in ([], ["always"]):
        raise UnusualUseError("more than a name, a value and always")
    key = _name(name, _FRAMING)
    text = _one_line(text_of(value, variables))
    kind = "set" if key in _SET_RATHER_THAN_ADDED else "add"
    return [HeaderChange(kind, key, text, frozenset() if rest else SAFE_STATUSES)] if text else []


def expires(arguments: Sequence[str]) -> Expires | None:
    """Return what ``expires`` says, None for ``off``."""
    if len(arguments) != 1:
        raise UnusualUseError("a date relative to the file")
    (value,) = arguments
    if value == "off":
        return None
    if value == "epoch":
        return Expires(fixed=_EPOCH, control="no-cache")
    if value == "max":
        return Expires(fixed=_NEVER, control="max-age=315360000")
    found = _SPAN.fullmatch(value.lstrip("+-"))
    if not found or found[2] == "ms" or value[:2] in ("+-", "-+"):
        raise UnusualUseError("a time that is no number with one unit")
    seconds = int(found[1]) * _UNITS[found[2]]
    if seconds > _LONGEST:
        raise UnusualUseError("a time of many years")
    return Expires(-seconds, control="no-cache") if value[0] == "-" else Expires(seconds, control=f"max-age={seconds}")


def hidden(arguments: Sequence[str]) -> str:
    """Return the header that ``proxy_hide_header`` names."""
    (name,) = arguments
    return _name(name, _FRAMING - {"date"})


def set_request_headers(
    arguments: Sequence[str], variables: Mapping[str, Text], *, clears: bool
) -> Iterator[RequestChange]:
    """Yield the changes of ``more_set_input_headers`` or ``more_clear_input_headers``."""
    if any(item.startswith("-") for item in arguments):
        raise UnusualUseError("an option")
    for written in arguments:
        name, __, value = written.partition(":")
        key = _request_name(name)
        if key in _SEEN_EARLIER:
            raise UnusualUseError(f"the header {key}, which nginx reads itself")
        yield RequestChange(key, () if clears else _one_line(text_of(value.lstrip(" \t"), variables)))


_SEEN_EARLIER = frozenset(
    ("authorization", "cookie", "origin", "upgrade", "connection", "content-type", "x-forwarded-proto")
)


def proxy_set_header(arguments: Sequence[str], variables: Mapping[str, Text]) -> list[RequestChange]:
    """Return the change of ``proxy_set_header``; ``Upgrade`` and ``Connection`` a gateway handles anyway."""
    name, value = arguments
    key = name.lower()
    text = _one_line(text_of(value, variables))
    if key in UPGRADING:
        if _USUAL.fullmatch(value.lower()):
            return []
        raise UnusualUseError(f"the header {key} with another value than the usual one")
    return [RequestChange(_request_name(name), text, late=True)]


_USUAL = re.compile(r"|upgrade|\$http_upgrade|\$\{http_upgrade\}|\$http_connection|\$connection_upgrade")


def _options(arguments: Sequence[str]) -> tuple[frozenset[int], list[str]]:
    statuses: set[int] = set()
    words = list(arguments)
    while words and words[0].startswith("-"):
        if words[0] != "-s" or len(words) == 1:
            raise UnusualUseError(f"the option {words[0]}")
        if not all(_STATUS.fullmatch(code) for code in words[1].split()):
            raise UnusualUseError("a status that is no number")
        statuses |= {int(code) for code in words[1].split()}
        words = words[2:]
    # nginx takes an option anywhere, and only the first of its kind is easily read right.
    if not words or any(word.startswith("-") for word in words):
        raise UnusualUseError("options behind headers")
    return frozenset(statuses), words


_STATUS = re.compile(r"[1-5]\d\d", re.ASCII)


def _name(written: str, refused: frozenset[str]) -> str:
    key = written.strip(" \t").lower()
    if not NAME.fullmatch(key) or "*" in key or "$" in key:
        raise UnusualUseError(f"the header name {written!r}")
    if key in refused:
        raise UnusualUseError(f"the header {key}")
    return key


def _request_name(written: str) -> str:
    key = _name(written, frozenset())
    if key in GENERATED:
        raise UnusualUseError(f"the header {key}, which the controller sets itself")
    return key


def _one_line(text: Text) -> Text:
    literal = "".join(part for part in text if part[0] == "=")
    if not all(character == "\t" or " " <= character <= "~" for character in literal):
        raise UnusualUseError("a value with line breaks or other than ASCII characters")
    fixed = constant(text)
    return text if fixed is None else (f"={fixed.strip()}",) if fixed.strip() else ()
