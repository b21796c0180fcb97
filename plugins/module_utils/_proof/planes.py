# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planes, by address. PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .._kube.hosts import is_host, is_wildcard
from .errors import ProofError

NGINX = "nginx"
ISTIO = "istio"
PORTS = {"http": 80, "https": 443}
"""The port that clients mean when they name none, by scheme."""

_ADDRESS = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+)):([0-9]{1,5})", re.ASCII)
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Plane:
    """One plane: ``name`` is ``nginx`` or ``istio``, ``addresses`` maps http and https to ``host:port``.

    The host of an address is an IPv4 address, an IPv6 address in brackets, or a DNS name. Raises ProofError for
    anything else: addresses become arguments of curl and openssl.
    """

    name: str
    addresses: Mapping[str, str]

    def __post_init__(self) -> None:
        for scheme in PORTS:
            address = self.addresses.get(scheme, "")
            if not _is_address(address):
                raise ProofError(
                    f"plane {self.name}: the address for {scheme} must be HOST:PORT, found {address!r}; "
                    "write an IPv6 host in brackets"
                )


def _is_address(text: str) -> bool:
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match[3]) <= _HIGHEST_PORT:
        return False
    bracketed, plain = match[1], match[2]
    try:
        return ipaddress.ip_address(bracketed or plain).version == (6 if bracketed else 4)
    except ValueError:
        return not bracketed and is_host(plain.lower()) and not is_wildcard(plain)
