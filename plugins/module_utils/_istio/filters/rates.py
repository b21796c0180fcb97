# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envoy's local rate limit: buckets for each client, which routes refer to. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._http.exchange import Answer
from ..visit import Visit


def local_rate_limit(visit: Visit, settings: Mapping[str, Any]) -> Answer | None:
    """Tell in which buckets a request is counted; whether they are empty, no single request tells."""
    buckets = {_value(entry["entries"], "limit"): entry["token_bucket"] for entry in settings["descriptors"]}
    for limit in visit.route.patch.get("route", {}).get("rate_limits", ()):
        name = next(item["generic_key"]["descriptor_value"] for item in limit["actions"] if "generic_key" in item)
        bucket = buckets[name]
        ranges = [item["remote_address_match"]["address_matcher"]["ranges"] for item in limit["actions"][1:-1]]
        exempt = ",".join(_network(entry) for found in ranges for entry in found)
        visit.limits.append(
            f"{name.partition(' ')[0]} {bucket['tokens_per_fill']} in {bucket['fill_interval']} "
            f"burst {bucket['max_tokens'] - 1}{f' except {exempt}' if exempt else ''}"
        )
    return None


def _value(entries: list[Mapping[str, str]], key: str) -> str:
    return next(entry["value"] for entry in entries if entry["key"] == key)


def _network(entry: Mapping[str, Any]) -> str:
    prefix, length = entry["address_prefix"], entry["prefix_len"]
    whole = length == (128 if ":" in prefix else 32)
    return str(prefix) if whole else f"{prefix}/{length}"
