# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ingress-nginx workload: how it was started, and which Service leads to it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.workload import (
    describe,
    parse_flags,
    runs_controller,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.objects import MalformedObjectError

from manifests import service

LABELS = {"app": "nginx", "part": "controller"}


def workload(*arguments: str, **fields: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "x:v1.15.1", "command": ["/nginx-ingress-controller"], "args": list(arguments)}
    return {
        "kind": "Deployment",
        "metadata": {"name": "nginx", "namespace": "edge"},
        "spec": {"template": {"metadata": {"labels": LABELS}, "spec": {"containers": [{**container, **fields}]}}},
    }


def leading(name: str = "front", namespace: str = "edge", port: int = 443, **selector: str) -> dict[str, Any]:
    return service(name, namespace, [{"port": port}], selector=selector or {"app": "nginx"})


@pytest.mark.parametrize(
    "container",
    [
        {"command": ["/usr/bin/nginx-ingress-controller"]},
        {"command": ["/usr/bin/dumb-init", "--", "/nginx-ingress-controller"]},
        {"args": ["/nginx-ingress-controller", "--x"]},
        {"args": ["--controller-class=k8s.io/ingress-nginx"]},
    ],
)
def test_a_controller_is_known_by_its_command(container: dict[str, Any]) -> None:
    bare = {"spec": {"template": {"spec": {"containers": [{"name": "sidecar"}, container]}}}}
    assert runs_controller(bare)


@pytest.mark.parametrize("spec", [{}, {"template": None}, {"template": {"spec": {"containers": [{}, None]}}}])
def test_other_workloads_are_none(spec: dict[str, Any]) -> None:
    assert not runs_controller({"kind": "Deployment", "metadata": {"name": "x"}, "spec": spec})
    with pytest.raises(ValueError, match="Deployment x does not run nginx-ingress-controller"):
        describe({"kind": "Deployment", "metadata": {"name": "x"}, "spec": spec}, [])


def test_what_is_known_of_a_controller() -> None:
    found = describe(workload("--configmap=edge/settings", "--watch-namespace=a"), [])
    assert (found.kind, found.namespace, found.name, found.image) == ("Deployment", "edge", "nginx", "x:v1.15.1")
    assert found.arguments == ("--configmap=edge/settings", "--watch-namespace=a")
    assert (found.configmap, found.service) == (("edge", "settings"), None)


def test_flags_may_have_their_value_as_the_next_word() -> None:
    found = describe(workload("--configmap", "edge/settings", "--publish-service", "edge/front"), [])
    assert (found.configmap, found.service) == (("edge", "settings"), ("edge", "front"))


def test_variables_of_the_container_are_filled_in() -> None:
    env = [
        {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}},
        {"name": "NAME", "value": "settings"},
        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    found = describe(workload("--configmap=$(POD_NAMESPACE)/$(NAME)", "--x=$(POD_NAME)", env=env), [])
    assert found.configmap == ("edge", "settings")
    assert found.arguments[1] == "--x=$(POD_NAME)"


def test_the_service_that_the_controller_publishes_counts() -> None:
    assert describe(workload("--publish-service=x/y"), [leading()]).service == ("x", "y")


@pytest.mark.parametrize(
    ("candidate", "found"),
    [
        (leading(), True),
        (leading(port=80), True),
        (leading(port=8443), False),
        (leading(app="nginx", part="controller"), True),
        (leading(app="nginx", part="webhook"), False),
        (leading(namespace="tenant"), False),
        (service("front", "edge", [{"port": 443}]), False),
    ],
)
def test_else_one_that_leads_web_ports_to_its_pods(candidate: dict[str, Any], found: bool) -> None:
    assert describe(workload(), [candidate]).service == (("edge", "front") if found else None)


def test_the_first_of_several_counts() -> None:
    services = [leading("metrics", port=10254), leading("a"), leading("b")]
    assert describe(workload(), services).service == ("edge", "a")


@pytest.mark.parametrize("field", ["command", "args", "env"])
@pytest.mark.parametrize("value", [True, 5, {"a": 1}, "text"])
def test_a_wrong_type_is_one_error(field: str, value: Any) -> None:
    with pytest.raises(MalformedObjectError, match=rf"Deployment edge/nginx: field .*{field} must be a list"):
        describe(workload(**{field: value}), [])


@pytest.mark.parametrize("entry", [1, "x", {"name": "A", "valueFrom": []}, {"name": "A", "valueFrom": {"fieldRef": 1}}])
def test_variables_that_cannot_be_read_are_not_filled_in(entry: Any) -> None:
    assert describe(workload("--x=$(A)", env=[entry]), []).arguments == ("--x=$(A)",)


def test_flags() -> None:
    assert parse_flags(["--a=1", "--b", "2", "--c", "--d=", "loose", "-v=3", "--a=4=5"]) == {
        "a": "4=5",
        "b": "2",
        "c": "true",
        "d": "",
        "v": "3",
    }
