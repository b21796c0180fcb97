# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes as curl's configuration: the one place where a tenant's value is quoted for curl. PRIVATE.

A value either arrives as it is or is refused with the name of its probe; none becomes another option, a file name or a
second header line (design.md, rule 12). Facts about curl: man page of curl 7.88, ``-K``, ``-H``, ``--request-target``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .._kube.hosts import is_host, is_wildcard
from .._kube.release import VERSION
from .errors import UnsendableError
from .planes import PORTS, Plane
from .probes import METHODS, VALUE_LIMIT, Probe

USER_AGENT = f"sealos-istio-migration-probe/{VERSION}"
MARK = "X-Migration-Probe"

HttpVersion = Literal["", "1.1", "2"]
"""What may be asked for; empty is what the handshake agrees on."""

_HTTP_OPTIONS: dict[HttpVersion, str] = {"": "", "1.1": "http1.1", "2": "http2"}

_LINE_LIMIT = 64 * 1024
"""Bytes of one line; curl 7.88 takes no line over 100 KiB."""

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v"})
_TARGET = re.compile(r"/[!-~]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FIXED_HEADERS = frozenset(("content-length", "host", "transfer-encoding", "user-agent", "x-request-id", MARK.lower()))


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, to answer in full, and to wait after the answer to a WebSocket handshake."""

    connect: float = 5
    answer: float = 10
    upgrade: float = 1


def quoted(text: str) -> str:
    """Return ``text`` as a quoted value of curl's configuration file.

    Raises UnsendableError for what such a file cannot hold: NUL, lone surrogates, more than 64 KiB.
    """
    if "\0" in text:
        raise UnsendableError(f"{_shortened(text)} holds a NUL character")
    value = f'"{text.translate(_ESCAPES)}"'
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise UnsendableError(f"{_shortened(text)} is not valid text") from None
    if size > _LINE_LIMIT:
        raise UnsendableError(f"{_shortened(text)} is longer than {_LINE_LIMIT} bytes")
    return value


def configuration(
    probes: Sequence[Probe], plane: Plane, folder: Path, timeouts: Timeouts, http_version: HttpVersion = ""
) -> bytes:
    """Return the configuration that asks ``plane`` for ``probes``.

    Probe number N leaves its body in ``folder/N.body``, the lines of its headers in ``folder/N.head``, and prints the
    line ``#N JSON``. Raises UnsendableError, which names the probe.
    """
    shared = _shared_lines(plane, timeouts)
    transfers = (
        "\n".join([*_probe_lines(number, probe, folder, timeouts, _HTTP_OPTIONS[http_version]), *shared])
        for number, probe in enumerate(probes)
    )
    return ("\nnext\n".join(transfers) + "\n").encode()


def _shared_lines(plane: Plane, timeouts: Timeouts) -> list[str]:
    connects = [f"connect-to = {quoted(f':{port}:{plane.addresses[scheme]}')}" for scheme, port in PORTS.items()]
    return [
        *connects,
        'noproxy = "*"',
        'proto = "=http,https"',
        "path-as-is",
        "globoff",
        # Certificates are compared by themselves; here an expired one must not hide an answer.
        "insecure",
        "silent",
        f"connect-timeout = {timeouts.connect}",
        f"user-agent = {quoted(USER_AGENT)}",
    ]


def _probe_lines(number: int, probe: Probe, folder: Path, timeouts: Timeouts, http_option: str) -> Iterator[str]:
    problem = _problem(probe)
    if problem:
        raise UnsendableError(f"{probe} cannot be sent: {problem}")
    upgrade = is_upgrade(probe)
    yield f"url = {quoted(f'{probe.scheme}://{probe.host}/')}"
    yield f"request-target = {quoted(probe.target)}"
    if probe.method == "HEAD":
        yield "head"
    elif probe.method != "GET":
        yield f"request = {quoted(probe.method)}"
    for name, value in probe.headers:
        # curl sends no header for "name:"; "name;" is its spelling of an empty one.
        yield f"header = {quoted(f'{name}: {value}' if value else f'{name};')}"
    yield f"header = {quoted(f'{MARK}: {probe.id}')}"
    # Both planes keep a request id they are given, so it does not differ between answers (semantics.md B.19).
    yield f"header = {quoted(f'X-Request-ID: {probe.id}')}"
    yield f"max-time = {timeouts.upgrade if upgrade else timeouts.answer}"
    if upgrade or http_option:
        yield "http1.1" if upgrade else http_option
    yield f"output = {quoted(str(body_path(folder, number)))}"
    yield f"dump-header = {quoted(str(head_path(folder, number)))}"
    yield f'write-out = "\\n#{number} %{{json}}\\n"'


def is_upgrade(probe: Probe) -> bool:
    """Tell whether a probe asks to leave HTTP: what follows its answer is no HTTP any more."""
    return any(name == "upgrade" for name, __ in probe.headers)


def body_path(folder: Path, number: int) -> Path:
    """Return where the body of probe ``number`` is left."""
    return folder / f"{number}.body"


def head_path(folder: Path, number: int) -> Path:
    """Return where the header lines of probe ``number`` are left."""
    return folder / f"{number}.head"


def _problem(probe: Probe) -> str:
    """Return why ``probe`` cannot be sent, empty when it can."""
    if not is_host(probe.host) or is_wildcard(probe.host):
        return f"its host {probe.host!r} is no DNS name"
    if probe.scheme not in PORTS:
        return f"its scheme is {probe.scheme!r}, not http or https"
    if probe.method not in METHODS:
        return f"its method is {probe.method!r}, not one of {', '.join(sorted(METHODS))}"
    if not _TARGET.fullmatch(probe.target):
        return "its target is no path of visible ASCII characters"
    if len(probe.target) > VALUE_LIMIT:
        return f"its target is longer than {VALUE_LIMIT} bytes"
    return next((problem for header in probe.headers for problem in _header_problems(*header)), "")


def _header_problems(name: str, value: str) -> Iterator[str]:
    if not _HEADER_NAME.fullmatch(name):
        yield f"{name!r} is no header name in lower case"
    elif name in _FIXED_HEADERS:
        yield f"header {name} is set by the runner"
    if _CONTROL.search(value):
        yield f"header {name!r} holds a control character"
    elif not value.isprintable() and any("\ud800" <= sign <= "\udfff" for sign in value):
        yield f"header {name!r} is not valid text"
    elif value != value.strip():
        yield f"header {name!r} begins or ends with white space"
    elif len(value) > VALUE_LIMIT:
        yield f"header {name!r} is longer than {VALUE_LIMIT} characters"


def _shortened(text: str) -> str:
    return repr(text) if len(text) <= 80 else f"{text[:80]!r}..."  # noqa: PLR2004 - a line's worth
