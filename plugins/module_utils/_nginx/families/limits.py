# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates, connections and body sizes (semantics.md A.3 88 to 94, A.4 99 to 106, B.15, B.16). PRIVATE.

Source: ingress-nginx ``internal/ingress/annotations/ratelimit`` and ``proxy``, nginx ``ngx_parse_offset``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ..reader import Reader
from ..syntax import parse_networks

_SIZE = re.compile(r"(\d+)([kmgb]?)", re.IGNORECASE | re.ASCII)
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_LARGEST = 2**63 - 1
_RATES = frozenset(("limit-rps", "limit-rpm", "limit-connections"))
_BURST = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may ask of one Ingress: 0 is no limit.

    ``body`` is the largest Content-Length in bytes. ``per_second`` and ``per_minute`` are requests of one client,
    ``burst`` is by how many times they may be exceeded at once; ``connections`` are requests in flight of one client.
    None of these hold for clients in ``exempt`` (networks).
    """

    body: int = 0
    per_second: int = 0
    per_minute: int = 0
    connections: int = 0
    burst: int = _BURST
    exempt: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether requests of a client are counted."""
        return bool(self.per_second or self.per_minute or self.connections)


def read_limits(reader: Reader) -> Limits:
    """Return what the annotations of this family say."""
    body = size_in_bytes(reader.text("proxy-body-size", reader.settings.body_size))
    if _RATES.isdisjoint(reader.values):
        return Limits(body)
    burst = reader.integer("limit-burst-multiplier", _BURST)
    return Limits(
        body,
        max(0, reader.integer("limit-rps", 0)),
        max(0, reader.integer("limit-rpm", 0)),
        max(0, reader.integer("limit-connections", 0)),
        burst if burst > 0 else _BURST,
        tuple(map(_shortest, parse_networks(reader.text("limit-allowlist", "")) or ())),
    )


@lru_cache(maxsize=1024)
def size_in_bytes(text: str) -> int:
    """Return the bytes of a size as nginx writes it (``8m``); 0 for what is none."""
    found = _SIZE.fullmatch(text.replace(" ", ""))
    return min(int(found[1]) * _UNITS[found[2].lower()], _LARGEST) if found else 0


def _shortest(network: str) -> str:
    return network.removesuffix("/32" if "." in network else "/128")
