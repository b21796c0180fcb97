# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may come in: address lists (semantics.md A.3, B.14). PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._nginx.families.access import Access
from .._nginx.phases.access import asks_password
from .._nginx.site import Problem
from .context import Context
from .draft import Draft
from .features import Feature

_RBAC = "envoy.extensions.filters.http.rbac.v3"
ADDRESSES = Feature("i2i.addresses", f"{_RBAC}.RBAC", f"{_RBAC}.RBACPerRoute", rank=40)


def address_list(draft: Draft, context: Context) -> list[Finding]:
    """Answer 403 to clients that the lists keep out, after redirects and the 503 of a Service that does not exist."""
    access = draft.location.policy.access
    if not access.restricts or is_answered(draft):
        return []
    draft.filters[ADDRESSES] = ADDRESSES.on_route({"rbac": {"rules": _rules(access)}})
    source = _source(draft)
    if source is None:
        return []
    found = waits_for_endpoints(draft, source)
    if context.options.traffic_policy != "Local" and not context.site.settings.proxy_protocol:
        policy = context.options.traffic_policy
        found.append(finding("CLIENT-ADDRESS-HIDDEN", source, host=draft.server.host, policy=policy))
    if access.any_suffices and _asks_elsewhere(draft, context):
        found.append(finding("SATISFY-ANY", source, host=draft.server.host))
    return found


def is_answered(draft: Draft) -> bool:
    """Tell whether nginx answers all requests of a location before it asks who is there, whatever becomes ready."""
    upstream = draft.location.upstream
    return draft.answered or bool(upstream and upstream.port is None)


def waits_for_endpoints(draft: Draft, source: Source) -> list[Finding]:
    """Return what is to be said of a check before a backend without endpoints, which may have some any time."""
    upstream = draft.location.upstream
    if upstream is None or upstream.problem is not Problem.NO_ENDPOINTS:
        return []
    return [finding("REFUSED-BEFORE-503", source, host=draft.server.host)]


def _asks_elsewhere(draft: Draft, context: Context) -> bool:
    """Tell whether something else than the lists could let a client in."""
    return asks_password(context.site, draft.location) or "auth-url" in draft.location.policy.present


def _source(draft: Draft) -> Source | None:
    """Return what the lists come from, None for the default server's own answers."""
    ingress = draft.location.ingress
    if ingress is None:
        return None
    present = draft.location.policy.present
    for name in ("allowlist-source-range", "denylist-source-range"):
        if name in present:
            return Source(ingress.key, annotation=name)
    return Source(ingress.key)


def _rules(access: Access) -> Mapping[str, Any]:
    """Return rules that let in whom nginx lets in; denied networks come first there, so they are left out here."""
    checks: list[Mapping[str, Any]] = []
    if access.denied:
        checks.append({"not_id": _one_of(access.denied)})
    if access.allowed:
        checks.append(_one_of(access.allowed))
    principal = checks[0] if len(checks) == 1 else {"and_ids": {"ids": checks}}
    return {
        "action": "ALLOW",
        "policies": {"listed": {"permissions": [{"any": True}], "principals": [principal]}},
    }


def _one_of(networks: tuple[str, ...]) -> Mapping[str, Any]:
    return {"or_ids": {"ids": [{"remote_ip": _cidr(network)} for network in networks]}}


def _cidr(text: str) -> Mapping[str, Any]:
    network = ipaddress.ip_network(text)
    return {"address_prefix": str(network.network_address), "prefix_len": network.prefixlen}
