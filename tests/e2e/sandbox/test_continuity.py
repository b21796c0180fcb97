# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is lost by a rolling update, and the node survives the end of its own parts."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster import Cluster


def deployment(namespace: str) -> list[dict[str, Any]]:
    labels = {"app": "rolling"}
    metadata = {"name": "rolling", "namespace": namespace}
    container = {
        "name": "main",
        "image": "sandbox.example/echo:1",
        "env": [{"name": "ECHO_SERVICE", "value": "first"}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8081}, "periodSeconds": 1},
        # As everywhere: what has been told of the end later than the Pod needs a moment.
        "lifecycle": {"preStop": {"sleep": {"seconds": 2}}},
    }
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"type": "LoadBalancer", "selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        },
    ]


class Visitor(threading.Thread):
    """Asks again and again, each time on a new connection, and counts."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.served: list[str] = []
        self.failures: list[str] = []
        self._port = port
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.wait(0.02):
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
                content = response.read()
                if response.status == http.HTTPStatus.OK:
                    self.served.append(json.loads(content)["service"])
                else:
                    self.failures.append(f"status {response.status}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            finally:
                connection.close()

    def stop(self) -> None:
        self._enough.set()
        self.join()


@pytest.fixture(scope="module")
def port(cluster: Cluster, namespace: str, eventually: Callable[..., Any]) -> int:
    cluster.apply(deployment(namespace))
    cluster.wait(namespace, "deployment/rolling", "condition=Available")
    found = cluster.port(namespace, "rolling", 80)
    eventually(lambda: answers(found))
    return found


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def test_a_rolling_update_fails_no_request(cluster: Cluster, namespace: str, port: int) -> None:
    visitor = Visitor(port)
    visitor.start()
    cluster.kubectl("set", "env", "deployment/rolling", "-n", namespace, "ECHO_SERVICE=second")
    cluster.kubectl("rollout", "status", "deployment/rolling", "-n", namespace, "--timeout=60s")
    time.sleep(1)
    visitor.stop()
    assert visitor.failures == []
    assert {visitor.served[0], visitor.served[-1]} == {"first", "second"}
    assert len(visitor.served) > 50


def command_of(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
    except OSError:  # it has just ended
        return [""]


def process_of(cluster: Cluster, word: str) -> int | None:
    """The process whose command line has that word, or a program of that name."""
    for process in cluster.processes():
        command = command_of(process)
        if word in command or Path(command[0]).name.startswith(word):
            return process
    return None


def kill(cluster: Cluster, word: str) -> int:
    process = process_of(cluster, word)
    assert process is not None, f"the sandbox has no process {word}"
    os.kill(process, signal.SIGKILL)
    return process


def test_pods_come_back_with_their_addresses_after_the_agent_was_killed(
    cluster: Cluster, namespace: str, port: int, eventually: Callable[..., Any]
) -> None:
    def pods() -> dict[str, tuple[str, bool, int]]:
        items = cluster.read(f"/api/v1/namespaces/{namespace}/pods")["items"]
        return {
            item["metadata"]["name"]: (
                item["status"]["podIP"],
                item["status"]["containerStatuses"][0]["ready"],
                item["status"]["containerStatuses"][0]["restartCount"],
            )
            for item in items
            if "deletionTimestamp" not in item["metadata"]
        }

    eventually(lambda: len(pods()), 2)
    before = pods()
    kill(cluster, "sandbox.agent")
    expected = {name: (address, True, restarts + 1) for name, (address, _, restarts) in before.items()}
    eventually(pods, expected)
    eventually(lambda: answers(port))
    last = cluster.read(f"/api/v1/namespaces/{namespace}/pods/{next(iter(before))}")["status"]["containerStatuses"][0]
    assert last["lastState"]["terminated"]["exitCode"] == 255


@pytest.mark.parametrize("component", ["kube-apiserver", "etcd", "kube-controller-manager"])
def test_a_component_that_ends_is_started_again(
    cluster: Cluster, port: int, component: str, eventually: Callable[..., Any]
) -> None:
    killed = kill(cluster, component)
    assert answers(port)  # what runs goes on
    eventually(lambda: process_of(cluster, component) not in (None, killed))
    eventually(cluster.api.is_ready, seconds=30)
