# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes, and how they stand in ``probes/<unit>.jsonl``. PRIVATE to the collection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._convert.differences import Difference
from .._kube.digests import sha256_hex

METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
"""What a probe may ask with: safe methods only (RFC 9110 9.2.1)."""

OWN_QUERY = "i2i-probe=1"
"""The query of probes that have one."""

VALUE_LIMIT = 8000
"""Bytes of a target or header value; both planes refuse more by default."""

Headers = tuple[tuple[str, str], ...]

_ID_DIGITS = 16
_SHOWN = 200
_ENCODER = json.JSONEncoder(separators=(",", ":"))
"""Plain ASCII: no control character of a tenant's value reaches a terminal."""


def probe_id(host: str, scheme: str, method: str, target: str, headers: Headers) -> str:
    """Return the name of a request: sixteen hex digits of its content, enough for a million in one wave."""
    parts = [host, scheme, method, target]
    for pair in headers:
        parts += pair
    return sha256_hex("\x00".join(parts))[:_ID_DIGITS]


@dataclass(frozen=True, slots=True)
class Probe:
    """One request, and what the model says that nginx answers to it.

    ``server`` is the host in the plan, ``host`` the name that is asked for; they differ for wildcards. ``target`` is
    raw and sent as it is. ``headers`` are sorted pairs of lower-case name and value. ``why`` is one word. ``status``
    is 0 where a backend decides; ``generated`` tells whether nginx answers by itself. ``guarded`` tells that an address
    list, or another service, decides first. ``chance`` tells that chance decides between backends.
    ``described`` are the differences that findings predict.
    """

    id: str
    server: str
    host: str
    scheme: str
    method: str
    target: str
    headers: Headers
    why: str
    status: int = 0
    location: str = ""
    generated: bool = False
    guarded: bool = False
    chance: bool = False
    described: tuple[Difference, ...] = ()

    def __str__(self) -> str:
        target = self.target if len(self.target) <= _SHOWN else f"{self.target[:_SHOWN]}..."
        return f"probe {self.id} ({self.method} {self.scheme}://{self.host!r} {target!r})"

    def as_dict(self) -> dict[str, Any]:
        """Return the probe as one line of the file: keys in order, fields with their default value left out."""
        line: dict[str, Any] = {}
        if self.chance:
            line["chance"] = True
        if self.described:
            line["described"] = [[item.code, item.field, item.value] for item in self.described]
        if self.generated:
            line["generated"] = True
        if self.guarded:
            line["guarded"] = True
        if self.headers:
            line["headers"] = self.headers
        line["host"] = self.host
        line["id"] = self.id
        if self.location:
            line["location"] = self.location
        line["method"] = self.method
        line["scheme"] = self.scheme
        if self.server != self.host:
            line["server"] = self.server
        if self.status:
            line["status"] = self.status
        line["target"] = self.target
        line["why"] = self.why
        return line

    @classmethod
    def from_dict(cls, line: dict[str, Any]) -> Probe:
        """Return the probe of one line. Raises KeyError for missing fields, TypeError for unknown ones."""
        described = tuple(Difference(*item) for item in line.get("described", ()))
        headers = tuple((name, value) for name, value in line.get("headers", ()))
        return cls(**{"server": line["host"], **line, "described": described, "headers": headers})


def write_probes(probes: Iterable[Probe], path: Path) -> int:
    """Write one probe a line and return how many there were. Raises OSError."""
    count = 0
    with path.open("w", encoding="ascii") as stream:
        for probe in probes:
            stream.write(_ENCODER.encode(probe.as_dict()) + "\n")
            count += 1
    return count


def read_probes(path: Path) -> Iterator[Probe]:
    """Yield the probes of a file that :func:`write_probes` wrote. Raises OSError."""
    with path.open(encoding="ascii") as stream:
        for line in stream:
            yield Probe.from_dict(json.loads(line))
