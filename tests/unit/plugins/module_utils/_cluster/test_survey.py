# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there before a migration: versions, Istio, Services, Gateways of others, the controller."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.discovery import (
    ControllerNotFoundError,
    find_controller,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.survey import (
    addresses_of,
    foreign_gateways,
    survey_istio,
    survey_service,
    version_of,
)

from .conftest import MemoryApi


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.36.3", (1, 36)),
        ("1.31.0-distroless", (1, 31)),
        ("1.24", (1, 24)),
        ("v1.28+", (1, 28)),
        ("latest", None),
        ("", None),
        ("1", None),
        ("1.x", None),
        ("1.99999", None),
    ],
)
def test_versions(text: str, version: tuple[int, int] | None) -> None:
    assert version_of(text) == version


def istiod(image: str) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "istiod", "namespace": "istio-system", "labels": {"app": "istiod"}},
        "spec": {"template": {"spec": {"containers": [{"name": "discovery", "image": image}]}}},
    }


def mesh(text: Any) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"}, "data": {"mesh": text}}


def test_no_istio() -> None:
    assert survey_istio(MemoryApi(), "istio-system").as_dict() == {
        "present": False,
        "version": "",
        "supported": False,
        "lacks": [],
    }


@pytest.mark.parametrize(
    ("image", "version", "supported"),
    [
        ("registry.example.test/istio/pilot:1.31.0-distroless", "1.31.0-distroless", True),
        ("registry.example.test:5000/istio/pilot:1.27.0@sha256:12", "1.27.0", True),
        ("pilot:1.26.9", "1.26.9", False),
        ("pilot:latest", "latest", False),
        ("", "", False),
    ],
)
def test_versions_of_istio(image: str, version: str, supported: bool) -> None:
    found = survey_istio(MemoryApi(istiod(image)), "istio-system")
    assert (found.present, found.version, found.supported) == (True, version, supported)


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("pathNormalization:\n  normalization: MERGE_SLASHES\nconnectTimeout: 5s\n", 0),
        ("connectTimeout: 5s\n", 1),
        ("defaultConfig:\n  connectTimeout: 5s\n  pathNormalization: {}\n", 2),
        ("", 2),
        (None, 2),
        ([], 2),
    ],
)
def test_mesh_settings_that_are_not_there_are_said(text: Any, lacking: int) -> None:
    found = survey_istio(MemoryApi(istiod("pilot:1.31.0"), mesh(text)), "istio-system")
    assert len(found.lacks) == lacking
    assert all(line.startswith("meshConfig.") for line in found.lacks)


def front(**spec: Any) -> dict[str, Any]:
    return {
        "kind": "Service",
        "metadata": {
            "name": "front",
            "namespace": "edge",
            "annotations": {"cloud.test/class": "fast", "meta.helm.sh/release-name": "x", "argocd.argoproj.io/x": "y"},
        },
        "spec": {"type": "LoadBalancer", "ports": [{"port": 443}, {"port": 80}], **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}, {"hostname": "lb.example.test"}]}},
    }


def test_what_is_known_of_a_service() -> None:
    found = survey_service(MemoryApi(front(externalTrafficPolicy="Local")), "edge", "front")
    assert found == {
        "namespace": "edge",
        "name": "front",
        "type": "LoadBalancer",
        "traffic_policy": "Local",
        "annotations": {"cloud.test/class": "fast"},
        "ports": [80, 443],
        "tcp_ports": [],
        "addresses": ["192.0.2.9", "lb.example.test"],
    }
    assert survey_service(MemoryApi(), "edge", "front") is None


def test_a_service_without_load_balancer_has_no_address() -> None:
    bare = {"kind": "Service", "metadata": {"name": "front", "namespace": "edge"}, "spec": {}}
    found = survey_service(MemoryApi(bare), "edge", "front")
    assert found is not None
    assert (found["type"], found["addresses"], found["ports"]) == ("ClusterIP", [], [])
    assert addresses_of(found) == {}
    assert addresses_of(None) == {}


def test_addresses_by_scheme() -> None:
    surveyed = {"addresses": ["2001:db8::1", "192.0.2.9"], "ports": [80, 443, 8443]}
    assert addresses_of(surveyed) == {"http": "[2001:db8::1]:80", "https": "[2001:db8::1]:443"}
    assert addresses_of({"addresses": ["192.0.2.9"], "ports": [443]}) == {"https": "192.0.2.9:443"}


def gateway(name: str, selector: Any, **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "team", "labels": labels}
    return {"kind": "Gateway", "metadata": metadata, "spec": {"selector": selector}}


def test_gateways_of_others_on_our_pods() -> None:
    ours = {"app.kubernetes.io/managed-by": "sealos-istio-migration"}
    api = MemoryApi(
        gateway("same", {"istio": "ingress"}),
        gateway("everywhere", None),
        gateway("elsewhere", {"istio": "other"}),
        gateway("narrower", {"istio": "ingress", "zone": "b"}),
        gateway("ours", {"istio": "ingress"}, **ours),
    )
    assert foreign_gateways(api, {"istio": "ingress", "app": "gw"}) == ["team/everywhere", "team/same"]


def workload(name: str, kind: str = "Deployment", command: str = "/nginx-ingress-controller") -> dict[str, Any]:
    containers = [{"name": "c", "image": "x:v1.15.1", "command": [command]}]
    return {
        "kind": kind,
        "metadata": {"name": name, "namespace": "edge"},
        "spec": {"template": {"metadata": {"labels": {}}, "spec": {"containers": containers}}},
    }


def test_the_one_controller_of_a_namespace_is_found() -> None:
    api = MemoryApi(workload("web", command="/web"), workload("nginx", "DaemonSet"))
    found = find_controller(api, "edge")
    assert (found.kind, found.name) == ("DaemonSet", "nginx")


def test_none_or_several_are_an_error_that_says_what_was_found() -> None:
    with pytest.raises(ControllerNotFoundError, match="namespace 'edge' holds 0 workloads that run ingress-nginx;"):
        find_controller(MemoryApi(workload("web", command="/web")), "edge")
    api = MemoryApi(workload("a"), workload("b"))
    with pytest.raises(ControllerNotFoundError, match=r"holds 2 .* \(Deployment edge/a, Deployment edge/b\); set"):
        find_controller(api, "edge")
    assert find_controller(api, "edge", "b").name == "b"
    with pytest.raises(ControllerNotFoundError):
        find_controller(api, "edge", "c")
