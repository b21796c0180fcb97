# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway's Pods say of the configuration they were sent. PRIVATE to the collection.

An object that every validator accepts can still be refused by Envoy, which then keeps its old configuration and
refuses every later change, too. Envoy counts such refusals in ``*_update_rejected``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .._kube.objects import KubeObject, list_at, mapping_at, text_at
from .api import Api
from .errors import ApiError

_STATS_PORT = 15090
# A line such as: envoy_listener_manager_lds_update_rejected{label="value"} 3
_COUNTER = re.compile(r"(?P<name>[A-Za-z0-9_:]+_update_rejected)(?:\{.*\})? (?P<value>[0-9]{1,20})(?:\.0*)?$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rejections:
    """Refused updates by gateway Pod, since it started: Pod → counter → how many; counters of 0 are left out."""

    pods: Mapping[str, Mapping[str, int]]

    def totals(self) -> dict[str, int]:
        """Return the number of refused updates of each Pod."""
        return {pod: sum(counters.values()) for pod, counters in self.pods.items()}

    def since(self, before: Mapping[str, int]) -> list[str]:
        """Return a line for each Pod that refused more updates than ``before`` (Pod → number), or is new and did."""
        return [
            f"gateway Pod {pod} refused {total - before.get(pod, 0)} updates ({', '.join(sorted(self.pods[pod]))})"
            for pod, total in sorted(self.totals().items())
            if total > before.get(pod, 0)
        ]


def gateway_pods(api: Api, namespace: str, selector: Mapping[str, str]) -> list[KubeObject]:
    """Return the gateway's ready Pods. Raises ApiError, UnreachableError."""
    labels = ",".join(f"{name}={value}" for name, value in sorted(selector.items()))
    return [pod for pod in api.list("Pod", namespace, labels) if _is_ready(pod)]


def read_rejections(api: Api, namespace: str, selector: Mapping[str, str]) -> Rejections:
    """Return what the gateway's ready Pods refused so far. Raises ApiError, UnreachableError."""
    found: dict[str, dict[str, int]] = {}
    for pod in gateway_pods(api, namespace, selector):
        name = text_at(pod, "metadata", "name")
        path = f"/api/v1/namespaces/{namespace}/pods/{name}:{_STATS_PORT}/proxy/stats/prometheus"
        try:
            found[name] = parse_rejections(api.text(path))
        except ApiError as error:
            if error.status != 404:  # noqa: PLR2004 - the Pod went away meanwhile
                raise
    return Rejections(found)


def parse_rejections(stats: str) -> dict[str, int]:
    """Return the counters of refused updates that are not 0, from Envoy's statistics in Prometheus' format."""
    found: dict[str, int] = {}
    for line in stats.splitlines():
        counter = _COUNTER.match(line)
        if counter and int(counter["value"]):
            found[counter["name"]] = found.get(counter["name"], 0) + int(counter["value"])
    return found


def _is_ready(pod: KubeObject) -> bool:
    if mapping_at(pod, "metadata").get("deletionTimestamp"):
        return False
    conditions = {item.get("type"): item.get("status") for item in list_at(pod, "status", "conditions")}
    return conditions.get("Ready") == "True"
