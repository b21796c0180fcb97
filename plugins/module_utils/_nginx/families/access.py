# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address lists, and how they combine with other checks (semantics.md A.3 59, 60, 87, B.14). PRIVATE."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from ..reader import Reader
from ..syntax import parse_networks


@dataclass(frozen=True, slots=True)
class Access:
    """Which clients come in: those on no ``denied`` network, and on an ``allowed`` one where there are any.

    ``any_suffices`` tells that passing one check, of addresses, password, or another service, is enough.
    """

    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    any_suffices: bool = False

    @property
    def restricts(self) -> bool:
        """Whether some address does not come in."""
        return bool(self.allowed or self.denied)

    def describe(self) -> str:
        """Return both lists as one text, by which witnesses compare them: sorted, addresses as networks."""
        return f"deny {','.join(_as_networks(self.denied))} allow {','.join(_as_networks(self.allowed))}"


_NONE = Access()


def read_access(reader: Reader) -> Access:
    """Return what the annotations of this family say, and what the ConfigMap says where they are silent.

    Of the networks that the ConfigMap blocks nginx inherits none in a location that has a list of its own
    (ingress-nginx ``nginx.tmpl``: ``deny`` in the http block; ngx_http_access_module merges rules only where a location
    has none).
    """
    settings, values = reader.settings, reader.values
    allowed, denied = settings.allowlist, settings.denylist
    if "allowlist-source-range" in values:
        allowed = parse_networks(values["allowlist-source-range"]) or ()
    if "denylist-source-range" in values:
        denied = parse_networks(values["denylist-source-range"]) or ()
    if not allowed and not denied:
        denied = settings.blocked_clients
    any_suffices = values.get("satisfy") == "any"
    if not (allowed or denied or any_suffices):
        return _NONE
    return Access(allowed, denied, any_suffices)


def _as_networks(listed: tuple[str, ...]) -> list[str]:
    return sorted(str(ipaddress.ip_network(item)) for item in listed)
