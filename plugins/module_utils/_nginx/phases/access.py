# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is let through (semantics.md 0.5, phases 7 and 8). PRIVATE to the collection."""

from __future__ import annotations

import ipaddress

from ..._http.exchange import Answer, Guard
from ..visit import Visit


def access_phase(visit: Visit) -> Answer | None:
    """Return the answer for those who are not let through, None for the others."""
    networks, client = visit.location.policy.allowlist, visit.request.client
    if networks and client and not _admits(networks, client):
        return visit.own(403)
    if networks and not client:
        visit.guards.append(Guard("addresses", refusal="403"))
    return None


def _admits(networks: tuple[str, ...], client: str) -> bool:
    address = ipaddress.ip_address(client)
    return any(address in ipaddress.ip_network(network) for network in networks)
