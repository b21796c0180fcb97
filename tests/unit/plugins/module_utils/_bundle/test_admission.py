# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server would not have is refused by the name of its field; null is what an API server makes of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.admission import (
    ANNOTATIONS_LIMIT,
    Admission,
    admit,
    hosts_in_text,
    hosts_within,
)

from manifests import Object, backend, ingress, ingress_class, path, service

PATH = ("spec", "rules", 0, "http", "paths", 0)
SERVICE = (*PATH, "backend", "service")
WORKLOAD: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"template": {"spec": {"containers": [{"name": "a", "args": ["--x"], "env": [{"name": "A"}]}]}}},
}
CONTAINER = ("spec", "template", "spec", "containers", 0)
GATEWAY: Object = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "Gateway",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"selector": {"istio": "ingress"}, "servers": [{"hosts": ["*"]}]},
}
CONFIGMAP: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "web", "namespace": "shop"},
    "data": {"a": "b"},
}


def changed(obj: Object, where: tuple[Any, ...], value: Any) -> Object:
    """Return a copy of ``obj`` with another value in one place."""
    made = copy.deepcopy(obj)
    place: Any = made
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    return made


def admitted(*objects: Object) -> Admission:
    return admit(("", obj) for obj in objects)


@pytest.mark.parametrize(
    ("where", "value", "field"),
    [
        (("metadata",), "x", "metadata"),
        (("metadata", "name"), None, "metadata.name"),
        (("metadata", "name"), "A_b", "metadata.name"),
        (("metadata", "namespace"), "a.b", "metadata.namespace"),
        (("metadata", "annotations"), [], "metadata.annotations"),
        (("metadata", "annotations", "x"), True, "metadata.annotations[x]"),
        (("metadata", "annotations", "x"), "é" * ANNOTATIONS_LIMIT, "metadata.annotations"),
        (("metadata", "creationTimestamp"), 5, "metadata.creationTimestamp"),
        (("metadata", "creationTimestamp"), "yesterday", "metadata.creationTimestamp"),
        (("metadata", "creationTimestamp"), "2024-02-30T00:00:00Z", "metadata.creationTimestamp"),
        (("metadata", "creationTimestamp"), "0001-01-01T00:00:00+09:00", "metadata.creationTimestamp"),
        (("spec",), [], "spec"),
        (("spec", "ingressClassName"), 1, "spec.ingressClassName"),
        (("spec", "defaultBackend"), "web:80", "spec.defaultBackend"),
        (("spec", "rules"), {}, "spec.rules"),
        (("spec", "rules", 0), "x", "spec.rules[0]"),
        (("spec", "rules", 0, "host"), 1, "spec.rules[0].host"),
        (("spec", "rules", 0, "http"), [], "spec.rules[0].http"),
        (("spec", "rules", 0, "http", "paths"), {}, "spec.rules[0].http.paths"),
        ((*PATH, "path"), 1, "spec.rules[0].http.paths[0].path"),
        ((*PATH, "pathType"), 1, "spec.rules[0].http.paths[0].pathType"),
        ((*SERVICE, "port"), 80, "spec.rules[0].http.paths[0].backend.service.port"),
        ((*SERVICE, "port", "number"), True, "spec.rules[0].http.paths[0].backend.service.port.number"),
        ((*SERVICE, "port", "number"), "80", "spec.rules[0].http.paths[0].backend.service.port.number"),
        ((*SERVICE, "port", "number"), 80.0, "spec.rules[0].http.paths[0].backend.service.port.number"),
        ((*SERVICE, "port", "number"), 2**40, "spec.rules[0].http.paths[0].backend.service.port.number"),
        ((*SERVICE, "port"), {}, "spec.rules[0].http.paths[0].backend.service.port.number or name"),
        ((*SERVICE, "port"), None, "spec.rules[0].http.paths[0].backend.service.port"),
        ((*SERVICE, "name"), "a b", "spec.rules[0].http.paths[0].backend.service.name"),
        ((*SERVICE, "name"), None, "spec.rules[0].http.paths[0].backend.service.name"),
        (("spec", "tls", 0), [], "spec.tls[0]"),
        (("spec", "tls", 0, "hosts"), "a.example.test", "spec.tls[0].hosts"),
        (("spec", "tls", 0, "hosts", 0), 7, "spec.tls[0].hosts[0]"),
        (("spec", "tls", 0, "secretName"), {}, "spec.tls[0].secretName"),
    ],
)
def test_an_ingress_is_refused_by_the_name_of_its_field(where: tuple[Any, ...], value: Any, field: str) -> None:
    found = admitted(changed(ingress("a.example.test", tls="cert"), where, value), ingress("b.example.test", name="b"))
    assert [obj["metadata"]["name"] for obj in found.objects["Ingress"]] == ["b"]
    (refusal,) = found.refusals
    assert (refusal.code, refusal.field) == ("MALFORMED-OBJECT", field)
    assert f"{field} must be " in refusal.problem
    assert len(refusal.problem) < 300


@pytest.mark.parametrize(
    ("obj", "where", "value", "field"),
    [
        (service(), ("spec", "ports", 0, "port"), "80", "spec.ports[0].port"),
        (service(), ("spec", "ports", 0, "port"), None, "spec.ports[0].port"),
        (service(), ("spec", "ports", 0, "name"), 5, "spec.ports[0].name"),
        (service(), ("spec", "ports", 0, "targetPort"), [], "spec.ports[0].targetPort"),
        (service(), ("spec", "externalName"), 1, "spec.externalName"),
        (service(), ("spec", "selector"), ["a"], "spec.selector"),
        (ingress_class(), ("spec", "controller"), {}, "spec.controller"),
        (WORKLOAD, ("spec", "template"), [], "spec.template"),
        (WORKLOAD, (*CONTAINER, "args"), "--x", "spec.template.spec.containers[0].args"),
        (WORKLOAD, (*CONTAINER, "args", 0), 80, "spec.template.spec.containers[0].args[0]"),
        (WORKLOAD, (*CONTAINER, "env", 0), "A=b", "spec.template.spec.containers[0].env[0]"),
        (GATEWAY, ("spec", "servers", 0, "hosts"), "*", "spec.servers[0].hosts"),
        (GATEWAY, ("spec", "selector", "istio"), 1, "spec.selector[istio]"),
        (CONFIGMAP, ("data", "use-gzip"), True, "data[use-gzip]"),
    ],
)
def test_so_is_every_other_kind(obj: Object, where: tuple[Any, ...], value: Any, field: str) -> None:
    found = admitted(changed(obj, where, value))
    assert found.objects == {}
    assert [(item.code, item.field, item.hosts) for item in found.refusals] == [("MALFORMED-OBJECT", field, ())]


def test_a_refused_ingress_names_its_hosts() -> None:
    broken = changed(ingress(["a.example.test", "b.example.test"], tls="cert"), (*PATH, "path"), 1)
    broken["spec"]["tls"][0]["hosts"].append("c.example.test")
    assert admitted(broken).refusals[0].hosts == ("a.example.test", "b.example.test", "c.example.test")


def test_hosts_are_found_however_an_object_is_built() -> None:
    loop: list[Any] = [{"host": "a.example.test"}]
    loop.append(loop)
    assert list(hosts_within({"x": loop, "y": {"hosts": ["b.example.test", 5], "host": 7}})) == [
        "a.example.test",
        "b.example.test",
    ]
    text = 'rules:\n- host: \'a.example.test\'\n  x: {\n - {"host":"*.b.example.test"}\nnohost: c'
    assert hosts_in_text(text) == ("*.b.example.test", "a.example.test")


def test_null_is_what_an_api_server_makes_of_it() -> None:
    obj = ingress("a.example.test", path("/"), tls="cert", default=backend("web"))
    obj["metadata"] |= {"annotations": {"x": None}, "labels": None, "creationTimestamp": None}
    obj["spec"]["rules"] += [None, {"host": None, "http": None}]
    obj["spec"]["tls"] = [None, {"hosts": [None], "secretName": None}]
    obj["spec"]["ingressClassName"] = None
    before = copy.deepcopy(obj)
    found = admitted(obj)
    assert obj == before, "what was given stays as it was"
    (taken,) = found.objects["Ingress"]
    assert taken["metadata"] == {"name": "web", "namespace": "shop", "annotations": {"x": ""}}
    assert taken["spec"]["rules"][1:] == [{}, {}]
    assert taken["spec"]["tls"] == [{}, {"hosts": [""]}]
    assert "ingressClassName" not in taken["spec"]


def test_moments_are_taken_in_utc() -> None:
    obj = changed(ingress("a.example.test"), ("metadata", "creationTimestamp"), "2024-01-01T01:00:00.5+02:00")
    assert admitted(obj).objects["Ingress"][0]["metadata"]["creationTimestamp"] == "2023-12-31T23:00:00Z"
