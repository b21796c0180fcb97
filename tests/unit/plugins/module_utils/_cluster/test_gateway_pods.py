# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refused updates of the gateway's Pods, from Envoy's statistics."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.errors import ApiError
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.gateway_pods import (
    Rejections,
    gateway_pods,
    parse_rejections,
    read_rejections,
)

from .conftest import MemoryApi, refused

STATS = """# TYPE envoy_listener_manager_lds_update_rejected counter
envoy_listener_manager_lds_update_rejected{} 3
envoy_cluster_manager_cds_update_rejected{} 0
envoy_cluster_manager_cds_update_success{} 12
# TYPE envoy_http_rds_update_rejected counter
envoy_http_rds_update_rejected{http_conn_manager_prefix="outbound_0.0.0.0_80",rds="a b{c} 9"} 1
envoy_http_rds_update_rejected{http_conn_manager_prefix="outbound_0.0.0.0_443",rds="x"} 2.0

envoy_server_uptime{} 17
"""


def test_counters_of_refused_updates_are_summed_by_name() -> None:
    assert parse_rejections(STATS) == {
        "envoy_listener_manager_lds_update_rejected": 3,
        "envoy_http_rds_update_rejected": 3,
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "envoy_lds_update_rejected",
        "envoy_lds_update_rejected{} ",
        "envoy_lds_update_rejected{} NaN",
        "envoy_lds_update_rejected{} -1",
        "envoy_lds_update_rejected{} 1e400",
        f"envoy_lds_update_rejected{{}} {'9' * 400}",
        "envoy_lds_update_rejected_total{} 5",
        "# HELP envoy_lds_update_rejected 5",
    ],
)
def test_what_is_no_such_counter_does_not_count(text: str) -> None:
    assert parse_rejections(text) == {}


def pod(name: str, ready: str = "True", **metadata: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "edge", "labels": {"istio": "ingress", "app": "gw"}, **metadata},
        "status": {"conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": ready}]},
    }


def stats_path(name: str) -> str:
    return f"/api/v1/namespaces/edge/pods/{name}:15090/proxy/stats/prometheus"


def test_only_ready_pods_that_stay_are_asked() -> None:
    leaving = pod("c", deletionTimestamp="2024-01-01T00:00:00Z")
    starting = {**pod("d"), "status": {}}
    api = MemoryApi(
        pod("a"), pod("b", "False"), leaving, starting, {**pod("e"), "metadata": {"name": "e", "labels": {}}}
    )
    found = gateway_pods(api, "edge", {"istio": "ingress", "app": "gw"})
    assert [item["metadata"]["name"] for item in found] == ["a"]


def test_a_pod_that_goes_away_meanwhile_is_left_out() -> None:
    api = MemoryApi(pod("a"), pod("b"))
    api.texts[stats_path("b")] = STATS
    assert read_rejections(api, "edge", {"istio": "ingress"}).totals() == {"b": 6}


def test_another_refusal_is_an_error() -> None:
    class Forbidden(MemoryApi):
        def text(self, path: str) -> str:
            raise refused(403, "Forbidden")

    with pytest.raises(ApiError, match="403"):
        read_rejections(Forbidden(pod("a")), "edge", {"istio": "ingress"})


def test_only_what_is_new_is_said() -> None:
    found = Rejections({"a": {"x_update_rejected": 2}, "b": {"y_update_rejected": 1}, "c": {}})
    assert found.since({"a": 2, "gone": 5}) == ["gateway Pod b refused 1 updates (y_update_rejected)"]
    assert found.since({}) == [
        "gateway Pod a refused 2 updates (x_update_rejected)",
        "gateway Pod b refused 1 updates (y_update_rejected)",
    ]
    # A restarted Pod counts from 0 again.
    assert found.since({"a": 9, "b": 1}) == []
