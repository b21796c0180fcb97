# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests of one client are let through (semantics.md A.3 88 to 92, B.16). PRIVATE to the collection.

nginx counts for each Ingress and client. So does the gateway: one filter for all routes has a bucket for each Ingress
and client address; the routes of the Ingress say that they are counted there. A port counts for itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._nginx.ingress import Ingress
from .context import Context
from .differences import Difference, Situation
from .draft import Draft

NAME = "i2i.rates"
TYPE_URL = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_UNLIMITED = 2**32 - 1
_CLIENTS = 10_000
"""Clients that are told apart for each Ingress; the one not seen for longest is forgotten first."""
_ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests of one client to one Ingress: ``count`` in ``seconds``, ``burst`` more at once, none for ``exempt``."""

    name: str
    count: int
    seconds: int
    burst: int
    exempt: tuple[str, ...]

    def descriptor(self) -> dict[str, Any]:
        """Return the bucket as the filter has it."""
        counted = [{"key": "counted", "value": "yes"}] if self.exempt else []
        return {
            "entries": [{"key": "limit", "value": self.name}, *counted, {"key": "remote_address"}],
            "token_bucket": {
                "max_tokens": self.burst + 1,
                "tokens_per_fill": self.count,
                "fill_interval": f"{self.seconds}s",
            },
        }

    def actions(self) -> dict[str, Any]:
        """Return by what a route finds the bucket of a client."""
        actions: list[dict[str, Any]] = [
            {"generic_key": {"descriptor_key": "limit", "descriptor_value": self.name}},
        ]
        if self.exempt:
            matcher = {"ranges": [_range(network) for network in self.exempt], "invert_match": True}
            match = {"descriptor_key": "counted", "descriptor_value": "yes", "address_matcher": matcher}
            actions.append({"remote_address_match": match})
        return {"actions": [*actions, {"remote_address": {}}]}


def _range(text: str) -> dict[str, Any]:
    network = ipaddress.ip_network(text)
    return {"address_prefix": str(network.network_address), "prefix_len": network.prefixlen}


def limit_rates(draft: Draft, _context: Context) -> list[Finding]:
    """Count the requests that a location passes on."""
    ingress, limits = draft.location.ingress, draft.location.policy.limits
    if ingress is None:
        return []
    found = _connections(draft, ingress)
    rates = list(_rates(ingress, draft))
    if rates and "route" in draft.main:
        draft.rates = rates
        draft.patches["rates"] = {"route": {"rate_limits": [rate.actions() for rate in rates]}}
        source = Source(ingress.key, annotation="limit-rps" if limits.per_second else "limit-rpm")
        found.append(finding("RATE-PER-PORT", source, host=draft.server.host))
    return found


def _connections(draft: Draft, ingress: Ingress) -> list[Finding]:
    if not draft.location.policy.limits.connections:
        return []
    source = Source(ingress.key, annotation="limit-connections")
    return [finding("CONNECTION-LIMIT-LOST", source, host=draft.server.host)]


def _rates(ingress: Ingress, draft: Draft) -> Iterator[Rate]:
    limits = draft.location.policy.limits
    place = f"{ingress.key.namespace}/{ingress.key.name}"
    for count, seconds in ((limits.per_second, 1), (limits.per_minute, 60)):
        if count:
            yield Rate(f"{place} {seconds}s", count, seconds, count * limits.burst, limits.exempt)


def filter_settings(rates: Iterable[Rate], status: int) -> Mapping[str, Any]:
    """Return the configuration of the filter for the whole gateway; ``status`` is what a refused client gets."""
    by_name = {rate.name: rate for rate in rates}
    return {
        "@type": TYPE_URL,
        "stat_prefix": "i2i_rates",
        "status": {"code": status},
        "token_bucket": {"max_tokens": _UNLIMITED, "tokens_per_fill": _UNLIMITED, "fill_interval": "1s"},
        "always_consume_default_token_bucket": False,
        "max_dynamic_descriptors": _CLIENTS,
        "filter_enabled": _ALWAYS,
        "filter_enforced": _ALWAYS,
        "descriptors": [by_name[name].descriptor() for name in sorted(by_name)],
    }


def uncounted(situation: Situation) -> Iterator[Difference]:
    """Predict that answers which the gateway gives without a backend are not counted."""
    if situation.nginx.limits and not situation.nginx.backend and situation.nginx.phase == "content":
        yield Difference("RATE-PER-PORT", "limits", "")
