# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envoy's role-based access control, as far as the collection uses it: lists of client addresses. PRIVATE."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ..._http.exchange import Answer, Guard
from ..visit import Visit


def rbac(visit: Visit, config: Mapping[str, Any]) -> Answer | None:
    """Refuse clients that the policy does not list."""
    principals = config["rbac"]["rules"]["policies"]["listed"]["principals"]
    if not visit.request.client:
        visit.guards.append(Guard("addresses", refusal="403"))
        return None
    client = ipaddress.ip_address(visit.request.client)
    if any(client in _network(entry["remote_ip"]) for entry in principals):
        return None
    return visit.refuse(403)


def _network(entry: Mapping[str, Any]) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(f"{entry['address_prefix']}/{entry['prefix_len']}")
