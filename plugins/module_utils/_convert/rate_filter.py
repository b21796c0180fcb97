# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envoy's filter that counts requests for each Ingress and client (semantics.md B.16). PRIVATE to the collection.

nginx counts for each Ingress and client. So does the gateway: one filter for all routes has a bucket for each Ingress
and client address; the routes of the Ingress say that they are counted there. A port counts for itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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

    @property
    def is_too_large(self) -> bool:
        """Whether no bucket of Envoy can hold so many requests."""
        return max(self.count, self.burst + 1) > _UNLIMITED

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
