# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How ingress-nginx validates the text of an annotation. PRIVATE to the collection.

Source: ingress-nginx ``internal/ingress/annotations/parser/validators.go`` and the validators of each annotation
package, release 1.15. Go's ``^`` and ``$`` anchor the whole text, so patterns are matched with ``fullmatch`` here; a
pattern that Go does not anchor is marked as such.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import TypeAlias

Check: TypeAlias = Callable[[str], bool]

_CHARS = r"\-._~a-zA-Z0-9/:"
_REGEX_CHARS = re.escape(r"^$[](){}*+?|&=") + r"\\"
_URL_CHARS = ":?&="

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
_INTEGER = re.compile(r"[+-]?[0-9]+")
_INT64 = range(-(2**63), 2**63)


def parse_bool(text: str) -> bool | None:
    """Return the value of Go's ``strconv.ParseBool``, None where that is an error (``yes`` and ``on`` are errors)."""
    if text in _TRUE:
        return True
    return False if text in _FALSE else None


def parse_int(text: str) -> int | None:
    """Return the value of Go's ``strconv.Atoi``, None where that is an error (units are errors)."""
    if _INTEGER.fullmatch(text) is None or len(text) > 20:  # noqa: PLR2004 - longer than any 64-bit integer
        return None
    value = int(text)
    return value if value in _INT64 else None


def parse_networks(text: str) -> tuple[str, ...] | None:
    """Return the sorted networks and addresses of a comma-separated list as nginx gets them; None where one is bad.

    A network is masked to its prefix as Go's ``net.ParseCIDR`` does; an address stays an address.
    """
    found: set[str] = set()
    for item in text.split(","):
        spec = item.strip()
        try:
            if "/" in spec:
                found.add(str(ipaddress.ip_network(spec, strict=False)))
            else:
                found.add(str(ipaddress.ip_address(spec)))
        except ValueError:
            return None
        if not spec.isascii() or "%" in spec or (("/" in spec) and not spec.rpartition("/")[2].isdigit()):
            return None
    return tuple(sorted(found))


def is_bool(text: str) -> bool:
    """Accept what ``strconv.ParseBool`` accepts."""
    return parse_bool(text) is not None


def is_int(text: str) -> bool:
    """Accept what ``strconv.Atoi`` accepts."""
    return parse_int(text) is not None


def is_network_list(text: str) -> bool:
    """Accept a comma-separated list of addresses and networks."""
    return parse_networks(text) is not None


def is_backend_protocol(text: str) -> bool:
    """Accept a protocol that nginx speaks to backends, in any case, surrounding white space trimmed."""
    return text.strip().lower() in _PROTOCOLS


_PROTOCOLS = frozenset(("auto_http", "http", "https", "grpc", "grpcs", "fcgi"))

PARSERS: frozenset[Check] = frozenset((is_bool, is_int, is_network_list, is_backend_protocol))
"""Checks that nginx makes in any case, for it parses the value; the others are left out without validation."""


def anything(_text: str) -> bool:
    """Accept any text: snippets, whose gate is the risk level."""
    return True


def matching(pattern: str, *, ignore_spaces: bool = True) -> Check:
    """Accept text that ``pattern`` matches as a whole; ``ignore_spaces`` drops spaces first, as Go's validator does."""
    compiled = re.compile(pattern, re.ASCII)

    def check(text: str) -> bool:
        return compiled.fullmatch(text.replace(" ", "") if ignore_spaces else text) is not None

    return check


def containing(pattern: str) -> Check:
    """Accept text that ``pattern`` matches anywhere: the validators that upstream forgot to anchor."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.search(text.replace(" ", "")) is not None


def one_of(*options: str, ignore_case: bool = False) -> Check:
    """Accept one of ``options``, surrounding white space trimmed."""

    def check(text: str) -> bool:
        value = text.strip()
        return (value.lower() if ignore_case else value) in options

    return check


def is_server_name(text: str) -> bool:
    """Accept a server name, which may be an nginx wildcard or regular expression."""
    return _SERVER_NAME.fullmatch(text.strip()) is not None


def is_server_name_list(text: str) -> bool:
    """Accept a comma-separated list of server names."""
    return all(is_server_name(name) for name in text.split(","))


def is_common_name_pattern(text: str) -> bool:
    """Accept ``CN=`` followed by a regular expression."""
    if not text.startswith("CN="):
        return False
    try:
        re.compile(text[3:])
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def is_service_name(text: str) -> bool:
    """Accept an RFC 1035 label."""
    return re.fullmatch(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?", text) is not None


_SERVER_NAME = re.compile(rf"[/{_CHARS}{_REGEX_CHARS}]*", re.ASCII)

regex_chars = matching(rf"[/{_CHARS}{_REGEX_CHARS}]*", ignore_spaces=False)
size = matching(r"(?i:\d+[bkmg]?)")
url_chars = matching(rf"[{_CHARS}{_URL_CHARS}]*")
basic_chars = matching(rf"[/{_CHARS}]*")
extended_chars = matching(rf"[/{_CHARS}, ]*", ignore_spaces=False)
chars_and_spaces = matching(rf"[/{_CHARS} ]*", ignore_spaces=False)
nginx_variable = matching(r"[A-Za-z0-9\-_${}]*")
path_with_captures = matching(rf"/?[{_CHARS}/$]*", ignore_spaces=False)
path_with_captures_and_spaces = matching(rf"/?[{_CHARS}/$]*")
header_list = matching(r"[A-Za-z0-9\-_, ]*")
url_with_variables = matching(rf"[{_CHARS}, {_URL_CHARS}$]*")
