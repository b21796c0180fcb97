# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may come in: address lists (semantics.md A.3, B.14). PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._nginx.site import Problem
from .context import Context
from .draft import Draft
from .features import Feature

_RBAC = "envoy.extensions.filters.http.rbac.v3"
ADDRESSES = Feature("i2i.addresses", f"{_RBAC}.RBAC", f"{_RBAC}.RBACPerRoute", rank=40)


def address_list(draft: Draft, context: Context) -> list[Finding]:
    """Answer 403 to clients outside of the list, after redirects and the 503 of a Service that does not exist."""
    networks = draft.location.policy.allowlist
    upstream = draft.location.upstream
    if draft.answered or not networks or (upstream and upstream.problem is not Problem.NONE):
        return []
    draft.filters[ADDRESSES] = ADDRESSES.on_route({"rbac": {"rules": _allow(networks)}})
    policy = context.options.traffic_policy
    if policy == "Local" or draft.location.ingress is None:
        return []
    source = Source(draft.location.ingress.key, annotation="allowlist-source-range")
    return [finding("CLIENT-ADDRESS-HIDDEN", source, host=draft.server.host, policy=policy)]


def _allow(networks: tuple[str, ...]) -> Mapping[str, Any]:
    principals = [{"remote_ip": _cidr(network)} for network in networks]
    return {
        "action": "ALLOW",
        "policies": {"listed": {"permissions": [{"any": True}], "principals": principals}},
    }


def _cidr(text: str) -> Mapping[str, Any]:
    network = ipaddress.ip_network(text)
    return {"address_prefix": str(network.network_address), "prefix_len": network.prefixlen}
