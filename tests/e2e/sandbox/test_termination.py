# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Pods end: hooks, grace periods, and what others see meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster import Cluster

SHELL = "sandbox.example/shell:1"
STUBBORN = "trap '' TERM; while :; do sleep 0.1; done"


def pod(name: str, folder: Path, script: str, *, grace: int, lifecycle: dict[str, Any] | None = None) -> dict[str, Any]:
    """A Pod that can write to a folder of the host, which outlives it."""
    container: dict[str, Any] = {
        "name": "main",
        "image": SHELL,
        "command": ["/bin/sh", "-c", script],
        "volumeMounts": [{"name": "notes", "mountPath": "/notes"}],
    }
    if lifecycle is not None:
        container["lifecycle"] = lifecycle
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": grace,
            "containers": [container],
            "volumes": [{"name": "notes", "hostPath": {"path": str(folder)}}],
        },
    }


@pytest.fixture
def start(cluster: Cluster, namespace: str, eventually: Callable[..., Any]) -> Callable[[dict[str, Any]], None]:
    def start_pod(item: dict[str, Any]) -> None:
        item["metadata"]["namespace"] = namespace
        cluster.apply([item])
        path = f"/api/v1/namespaces/{namespace}/pods/{item['metadata']['name']}"
        eventually(lambda: cluster.read(path).get("status", {}).get("phase"), "Running")

    return start_pod


def delete(cluster: Cluster, namespace: str, name: str, *options: str) -> float:
    """Delete a Pod and wait until it is gone; the seconds it took."""
    began = time.monotonic()
    cluster.kubectl("delete", "pod", name, "-n", namespace, *options)
    return time.monotonic() - began


def test_the_hook_runs_before_the_signal(
    cluster: Cluster, namespace: str, start: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    script = "trap 'echo signal >> /notes/order; exit 0' TERM; while :; do sleep 0.05; done"
    hook = {"preStop": {"exec": {"command": ["/bin/sh", "-c", "sleep 1; echo hook >> /notes/order"]}}}
    start(pod("hooked", tmp_path, script, grace=20, lifecycle=hook))
    seconds = delete(cluster, namespace, "hooked")
    assert (tmp_path / "order").read_text(encoding="utf-8").split() == ["hook", "signal"]
    assert 1 <= seconds < 6


def test_a_sleeping_hook_holds_the_signal_back(
    cluster: Cluster, namespace: str, start: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    script = "trap 'date +%s.%N > /notes/signal; exit 0' TERM; while :; do sleep 0.05; done"
    start(pod("sleeping", tmp_path, script, grace=20, lifecycle={"preStop": {"sleep": {"seconds": 2}}}))
    began = time.time()
    delete(cluster, namespace, "sleeping")
    assert 2 <= float((tmp_path / "signal").read_text(encoding="utf-8")) - began < 5


def test_the_grace_period_ends_a_stubborn_container(
    cluster: Cluster, namespace: str, start: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    start(pod("stubborn", tmp_path, STUBBORN, grace=3))
    assert 3 <= delete(cluster, namespace, "stubborn") < 6


def test_a_second_deletion_shortens_the_grace_period(
    cluster: Cluster, namespace: str, start: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    start(pod("hurried", tmp_path, STUBBORN, grace=60))
    cluster.kubectl("delete", "pod", "hurried", "-n", namespace, "--wait=false")
    assert delete(cluster, namespace, "hurried", "--grace-period=1") < 6


def test_a_forced_deletion_kills_at_once(
    cluster: Cluster,
    namespace: str,
    start: Callable[[dict[str, Any]], None],
    eventually: Callable[..., Any],
    tmp_path: Path,
) -> None:
    start(pod("forced", tmp_path, f"while :; do date +%s.%N > /notes/alive; sleep 0.05; done; {STUBBORN}", grace=60))
    delete(cluster, namespace, "forced", "--grace-period=0", "--force")

    def is_silent() -> bool:
        before = (tmp_path / "alive").read_text(encoding="utf-8")
        time.sleep(0.3)
        return (tmp_path / "alive").read_text(encoding="utf-8") == before

    eventually(is_silent, seconds=5)


def test_an_endpoint_goes_when_the_deletion_begins(
    cluster: Cluster,
    namespace: str,
    start: Callable[[dict[str, Any]], None],
    eventually: Callable[..., Any],
    tmp_path: Path,
) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "leaving", "namespace": namespace},
        "spec": {"selector": {"app": "leaving"}, "ports": [{"port": 80}]},
    }
    cluster.apply([service])
    start(pod("leaving", tmp_path, STUBBORN, grace=8))

    def ready() -> list[bool]:
        label = "kubernetes.io/service-name=leaving"
        slices = json.loads(cluster.kubectl("get", "endpointslices", "-n", namespace, "-l", label, "-o", "json"))
        return [item["conditions"]["ready"] for one in slices["items"] for item in one.get("endpoints") or []]

    eventually(ready, [True])
    cluster.kubectl("delete", "pod", "leaving", "-n", namespace, "--wait=false")
    eventually(ready, [False], seconds=3)
    assert cluster.read(f"/api/v1/namespaces/{namespace}/pods/leaving")["status"]["phase"] == "Running"
    delete(cluster, namespace, "leaving", "--grace-period=1")
