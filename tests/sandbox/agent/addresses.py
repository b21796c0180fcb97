# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address is whose."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class NoAddressError(Exception):
    """All addresses are taken."""


class AddressPool:
    """Hands out addresses in turn, so that one that was given back is not somebody else's at once."""

    def __init__(self, first: str, last: str) -> None:
        self._first = int(ipaddress.IPv4Address(first))
        self._count = int(ipaddress.IPv4Address(last)) - self._first + 1
        self._next = 0
        self._taken: set[str] = set()
        self._reserved: set[str] = set()

    def _in_turn(self) -> Iterator[str]:
        for step in range(self._count):
            yield str(ipaddress.IPv4Address(self._first + (self._next + step) % self._count))

    def __contains__(self, address: str) -> bool:
        return 0 <= int(ipaddress.IPv4Address(address)) - self._first < self._count

    def take(self, wanted: str | None = None) -> str:
        """The wanted address if it is ours and free, else the next free one; raises NoAddressError."""
        if wanted is not None and (wanted in self._reserved or (wanted in self and wanted not in self._taken)):
            self._reserved.discard(wanted)
            self._taken.add(wanted)
            return wanted
        for address in self._in_turn():
            if address not in self._taken:
                self._taken.add(address)
                self._next = int(ipaddress.IPv4Address(address)) - self._first + 1
                return address
        raise NoAddressError(f"all {self._count} addresses are taken")

    def reserve(self, address: str) -> None:
        """Keep an address for whoever asks for it by name, who had it before this pool was made."""
        self._reserved.add(address)
        self._taken.add(address)

    def give_back(self, address: str) -> None:
        """Free an address."""
        self._taken.discard(address)
