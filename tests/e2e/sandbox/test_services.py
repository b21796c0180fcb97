# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services, load balancers, source addresses, names, and the way from the host to them."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.cluster import Cluster

ECHO = "sandbox.example/echo:1"
PYTHON = "sandbox.example/python:1"
# Says what it got only after the client has said that nothing more comes.
HALF_CLOSE_SERVER = """
import socket, threading
server = socket.create_server(("", 9000))
def serve(peer):
    with peer:
        received = b"".join(iter(lambda: peer.recv(65536), b""))
        peer.sendall(b"got %d bytes" % len(received))
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""


def deployment(name: str, container: dict[str, Any], replicas: int = 1) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 2, "containers": [{"name": "main", **container}]},
            },
        },
    }


def service(name: str, app: str, port: int, target: int, **spec: Any) -> dict[str, Any]:
    ports = [{"name": "main", "port": port, "targetPort": target}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": app}, "ports": ports, **spec},
    }


def objects() -> list[dict[str, Any]]:
    echo = {"image": ECHO, "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8081}}}
    pod = {"metadata": {"labels": {"app": "members"}}, "spec": {"containers": [{"name": "main", **echo}]}}
    return [
        deployment("web", echo, replicas=2),
        deployment("half", {"image": PYTHON, "args": ["-c", HALF_CLOSE_SERVER]}),
        service("inside", "web", 80, 8080),
        service("local", "web", 80, 8080, type="LoadBalancer", externalTrafficPolicy="Local"),
        service("anywhere", "web", 80, 8080, type="LoadBalancer"),
        service("half", "half", 9000, 9000, type="LoadBalancer"),
        service("members", "members", 80, 8080, clusterIP="None"),
        service("elsewhere", "", 80, 80, type="ExternalName", externalName="inside.test-services.svc.cluster.local"),
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "members"},
            "spec": {
                "replicas": 2,
                "serviceName": "members",
                "podManagementPolicy": "Parallel",
                "selector": {"matchLabels": {"app": "members"}},
                "template": pod,
            },
        },
    ]


@pytest.fixture(scope="module")
def served(cluster: Cluster, namespace: str) -> Cluster:
    wanted = objects()
    for item in wanted:
        item["metadata"]["namespace"] = namespace
    cluster.apply(wanted)
    cluster.wait(namespace, "deployment/web", "condition=Available")
    cluster.wait(namespace, "deployment/half", "condition=Available")
    cluster.wait(namespace, "pod/members-0", "condition=Ready")
    cluster.wait(namespace, "pod/members-1", "condition=Ready")
    return cluster


def peer(answer: str) -> str:
    """The source address that the backend saw."""
    content: str = json.loads(answer)["peer"]
    return content.rpartition(":")[0]


def resolve(cluster: Cluster, namespace: str, name: str) -> list[str]:
    """What a Pod gets for a name, by its own resolver."""
    script = f"import socket; print(*sorted({{a[4][0] for a in socket.getaddrinfo({name!r}, 80, socket.AF_INET)}}))"
    return cluster.kubectl("exec", "-n", namespace, "deployment/half", "--", "python3", "-c", script).split()


@pytest.mark.parametrize("source", ["198.18.254.2", "198.18.254.5"])
def test_a_local_policy_keeps_the_source_address(served: Cluster, namespace: str, source: str) -> None:
    url = f"http://{served.address(namespace, 'local')}/"
    assert peer(served.client("curl", "-sS", "-m", "5", "--interface", source, url)) == source


def test_a_cluster_policy_shows_the_node(served: Cluster, namespace: str) -> None:
    url = f"http://{served.address(namespace, 'anywhere')}/"
    assert peer(served.client("curl", "-sS", "-m", "5", url)) == "198.18.0.1"


def test_load_balancers_have_addresses_of_their_own(served: Cluster, namespace: str) -> None:
    addresses = {served.address(namespace, name) for name in ("local", "anywhere", "half")}
    assert len(addresses) == 3
    assert all(address.startswith("198.18.200.") for address in addresses)
    status = served.read(f"/api/v1/namespaces/{namespace}/services/local")["status"]["loadBalancer"]["ingress"][0]
    assert (status["ip"], status["ipMode"]) == (served.address(namespace, "local"), "VIP")


def test_the_host_reaches_a_load_balancer_through_its_loopback_port(served: Cluster, namespace: str) -> None:
    url = f"http://127.0.0.1:{served.port(namespace, 'local', 80)}/from-the-host"
    with urllib.request.urlopen(url, timeout=5) as response:
        assert json.loads(response.read())["path"] == "/from-the-host"


def test_half_closed_connections_stay_half_closed(served: Cluster, namespace: str) -> None:
    port = served.port(namespace, "half", 9000)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"x" * 3_000_000)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b"got 3000000 bytes"
        assert connection.recv(100) == b""


def test_many_connections_at_once(served: Cluster, namespace: str) -> None:
    port = served.port(namespace, "half", 9000)
    connections = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(200)]
    for number, connection in enumerate(connections):
        connection.sendall(b"x" * number)
    for number, connection in reversed(list(enumerate(connections))):
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b"got %d bytes" % number
        connection.close()


def test_a_pod_reaches_itself_through_a_service(served: Cluster, namespace: str) -> None:
    script = (
        "import socket; c = socket.create_connection(('half', 9000), 5); c.shutdown(socket.SHUT_WR); print(c.recv(99))"
    )
    answer = served.kubectl("exec", "-n", namespace, "deployment/half", "--", "python3", "-c", script)
    assert answer == "b'got 0 bytes'\n"


def test_names_of_services(served: Cluster, namespace: str) -> None:
    address = served.read(f"/api/v1/namespaces/{namespace}/services/inside")["spec"]["clusterIP"]
    for name in ("inside", f"inside.{namespace}", f"inside.{namespace}.svc.cluster.local", "elsewhere"):
        assert resolve(served, namespace, name) == [address]


def test_names_of_the_members_of_a_headless_service(served: Cluster, namespace: str) -> None:
    pods = [served.read(f"/api/v1/namespaces/{namespace}/pods/members-{number}") for number in range(2)]
    addresses = sorted(pod["status"]["podIP"] for pod in pods)
    assert resolve(served, namespace, "members") == addresses
    assert resolve(served, namespace, "members-1.members") == [pods[1]["status"]["podIP"]]


def test_other_names_do_not_resolve(served: Cluster, namespace: str) -> None:
    script = (
        "import socket\ntry: socket.gethostbyname('nowhere.example.test')\nexcept socket.gaierror as e: print(e.errno)"
    )
    answer = served.kubectl("exec", "-n", namespace, "deployment/half", "--", "python3", "-c", script)
    assert int(answer) == socket.EAI_NONAME


def test_the_loopback_port_goes_with_the_service_and_comes_back(
    served: Cluster, namespace: str, eventually: Callable[..., Any]
) -> None:
    passing = service("passing", "web", 80, 8080, type="LoadBalancer")
    passing["metadata"]["namespace"] = namespace
    served.apply([passing])
    port = served.port(namespace, "passing", 80)

    def is_open() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    assert is_open()
    served.kubectl("delete", "service", "passing", "-n", namespace)
    eventually(is_open, False)
    served.apply([passing])
    assert served.port(namespace, "passing", 80) == port


def test_a_service_that_is_no_load_balancer_any_more_loses_its_address(
    served: Cluster, namespace: str, eventually: Callable[..., Any]
) -> None:
    changing = service("changing", "web", 80, 8080, type="LoadBalancer")
    changing["metadata"]["namespace"] = namespace
    served.apply([changing])
    served.address(namespace, "changing")
    served.kubectl("patch", "service", "changing", "-n", namespace, "--patch", '{"spec": {"type": "ClusterIP"}}')

    def gone() -> bool:
        listed = json.loads(served.layout.endpoints.read_text(encoding="utf-8"))["services"]
        status = served.read(f"/api/v1/namespaces/{namespace}/services/changing")["status"]
        return f"{namespace}/changing" not in listed and not status["loadBalancer"]

    eventually(gone)
