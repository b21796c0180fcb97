# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bundle from manifests: what kubectl would apply, and one refusal for everything else."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import Bundle, Certificate
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.manifests import (
    Document,
    ManifestError,
    bundle_of,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.plain import NotPlainError, require_plain
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.objects import key_of

from manifests import ingress, ingress_class, service

CONTROLLER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "nginx", "namespace": "edge"},
    "spec": {"template": {"spec": {"containers": [{"command": ["/nginx-ingress-controller"], "image": "c:v1.15.1"}]}}},
}


def read(secret: Any) -> Certificate:
    key = key_of(secret)
    return Certificate(key.namespace, key.name)


def made(*documents: Any) -> Bundle:
    numbered = [Document(f"a.yaml document {number}", item) for number, item in enumerate(documents, 1)]
    return bundle_of("test", numbered, read)


def refused(*documents: Any) -> list[tuple[str, str, str]]:
    """Return code, field and problem of each refusal, beside a Service that must be left."""
    found = made(*documents, service("neighbour"))
    assert [key_of(obj).name for obj in found.of("Service")] == ["neighbour"]
    return [(item.code, item.field, item.problem) for item in found.refusals]


def test_empty_documents_and_unknown_kinds_are_left_out() -> None:
    found = made(None, {"kind": "Kustomization", "resources": []}, service())
    assert sorted(found.objects) == ["IngressClass", "Service"]


def test_lists_are_taken_apart() -> None:
    inner = {"kind": "IngressList", "items": [ingress("a.example.test"), ingress("b.example.test", name="b")]}
    found = made({"apiVersion": "v1", "kind": "List", "items": [inner, service()]})
    assert len(found.of("Ingress")) == 2
    assert len(found.of("Service")) == 1


def test_an_object_without_a_namespace_is_in_default() -> None:
    obj = service()
    del obj["metadata"]["namespace"]
    assert key_of(made(obj).of("Service")[0]).namespace == "default"


def test_a_class_is_assumed_only_where_there_is_none() -> None:
    assert [key_of(obj).name for obj in made(service()).of("IngressClass")] == ["nginx"]
    assert [key_of(obj).name for obj in made(ingress_class("edge")).of("IngressClass")] == ["edge"]


def test_secrets_are_kept_as_certificates_only() -> None:
    secret = {**SECRET, "metadata": {"name": "cert", "namespace": "shop"}}
    found = made({**secret, "data": {"tls.key": "c2VjcmV0"}}, {**secret, "type": "Opaque", "metadata": {"name": "x"}})
    assert list(found.certificates) == [("shop", "cert")]
    assert "Secret" not in found.objects


def test_objects_of_our_own_are_left_out() -> None:
    ours = service()
    ours["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "sealos-istio-migration"}
    assert made(ours).of("Service") == []


def test_the_controller_is_known_only_when_there_is_one() -> None:
    assert made(service()).controller is None
    found = made(CONTROLLER).controller
    assert found is not None
    assert (found.namespace, found.name, found.image) == ("edge", "nginx", "c:v1.15.1")
    assert made(CONTROLLER, {**CONTROLLER, "metadata": {"name": "b", "namespace": "edge"}}).controller is None


@pytest.mark.parametrize("document", ["text", 1, True, [], [service()], {}, {"kind": None}, {"kind": 1}])
def test_what_is_no_object_is_named_by_its_place(document: Any) -> None:
    assert refused(document) == [
        ("NOT-AN-OBJECT", "", "a.yaml document 1 is no Kubernetes object: it has no kind"),
    ]


def test_what_was_meant_to_be_an_object_holds_back_its_hosts() -> None:
    lost = ingress("a.example.test")
    del lost["kind"]
    (refusal,) = made(lost, service()).refusals
    assert (refusal.code, refusal.hosts) == ("UNREADABLE-DOCUMENT", ("a.example.test",))


def test_items_of_lists_are_named_by_their_number() -> None:
    inner = {"apiVersion": "v1", "kind": "List", "items": [ingress("a.example.test"), "x"]}
    assert refused(inner) == [("NOT-AN-OBJECT", "", "a.yaml document 1 item 2 is no Kubernetes object: it has no kind")]


def test_items_that_are_no_list_are_refused() -> None:
    assert refused({"apiVersion": "v1", "kind": "List", "items": {}}) == [
        ("MALFORMED-OBJECT", "items", "List: items must be a list (a.yaml document 1)")
    ]


SECRET = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls"}


@pytest.mark.parametrize("name", [None, "", "..", "../../other/secrets/x", "a/b", "A", "x" * 254, 5, [], {}])
def test_names_that_could_leave_their_place_in_a_url_are_refused(name: Any) -> None:
    objects = (
        {**SECRET, "metadata": {"name": name, "namespace": "shop"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": name or "a.b"}},
    )
    for obj in objects:
        assert [code for code, __, ___ in refused(obj)] == ["MALFORMED-OBJECT"]
        with pytest.raises(ManifestError, match=r"must be .* \(a\.yaml document 1\); correct or remove it"):
            made(obj)


@pytest.mark.parametrize("metadata", [None, True, "x", [], {}])
def test_metadata_of_a_wrong_type_is_refused(metadata: Any) -> None:
    obj = {"apiVersion": "v1", "kind": "Service", "metadata": metadata}
    ((code, field, __),) = refused(obj)
    assert (code, field.partition(".")[0]) == ("MALFORMED-OBJECT", "metadata")


@pytest.mark.parametrize(
    ("version", "codes"),
    [
        ("networking.k8s.io/v1", []),
        ("networking.k8s.io/v1beta1", ["MALFORMED-OBJECT"]),
        ("v1", ["MALFORMED-OBJECT"]),
        ("extensions/v1beta1", ["MALFORMED-OBJECT"]),
        ("", ["MALFORMED-OBJECT"]),
        (None, ["MALFORMED-OBJECT"]),
        (1, ["MALFORMED-OBJECT"]),
        # Another project's kind of the same name
        ("config.openshift.io/v1", []),
    ],
)
def test_only_the_api_that_clusters_serve_is_read(version: Any, codes: list[str]) -> None:
    obj = {**ingress("a.example.test"), "apiVersion": version}
    found = made(obj, service())
    assert [item.code for item in found.refusals] == codes
    assert len(found.of("Ingress")) == (version == "networking.k8s.io/v1")
    assert all(item.hosts == ("a.example.test",) for item in found.refusals)


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha3"])
def test_all_versions_of_istio_say_the_same(version: str) -> None:
    gateway = {"apiVersion": f"networking.istio.io/{version}", "kind": "Gateway", "metadata": {"name": "a"}}
    assert len(made(gateway).of("Gateway")) == 1


@pytest.mark.parametrize("kind", ["ingress", "Ingres", "Ingresss", "INGRESS"])
def test_a_misspelt_kind_is_told(kind: str) -> None:
    (refusal,) = made({**ingress("a.example.test"), "kind": kind}, service()).refusals
    assert (refusal.code, refusal.hosts) == ("UNKNOWN-KIND", ("a.example.test",))
    assert f"is of kind {kind!r}" in refusal.problem


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "ReplicaSet"),
        ("v1", "ServiceAccount"),
        ("v1", "PodTemplate"),
        ("v1", "Endpoints"),
        ("networking.istio.io/v1", "Sidecar"),
        ("networking.istio.io/v1", "WorkloadEntry"),
        ("traefik.io/v1alpha1", "IngressRoute"),
    ],
)
def test_kinds_that_nothing_depends_on_are_left_out(version: str, kind: str) -> None:
    assert refused({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}}) == []


def test_equal_copies_are_told_and_one_is_used() -> None:
    found = made(ingress("a.example.test"), ingress("a.example.test"))
    assert len(found.of("Ingress")) == 1
    assert [item.code for item in found.refusals] == ["DUPLICATE-OBJECT"]


def test_copies_that_a_server_made_different_are_equal() -> None:
    later = ingress("a.example.test")
    later["metadata"]["resourceVersion"] = "2"
    later["status"] = {"loadBalancer": {}}
    found = made(ingress("a.example.test"), later)
    assert [item.code for item in found.refusals] == ["DUPLICATE-OBJECT"]


def test_of_ingresses_that_contradict_each_other_none_is_used() -> None:
    found = made(ingress("a.example.test"), ingress("b.example.test"), service())
    assert found.of("Ingress") == []
    assert [(item.code, item.hosts) for item in found.refusals] == [
        ("CONFLICTING-OBJECT", ("a.example.test", "b.example.test"))
    ]


def test_of_other_copies_always_the_same_is_used() -> None:
    copies = [service(ports=[{"port": number}]) for number in (81, 80)]
    for order in (copies, copies[::-1]):
        found = made(*order)
        assert found.of("Service")[0]["spec"]["ports"] == [{"port": 80}]
        assert [item.code for item in found.refusals] == ["DUPLICATE-OBJECT"]


def test_no_value_of_a_secret_is_told() -> None:
    for field in ("data", "stringData"):
        (told,) = refused({**SECRET, "metadata": {"name": "x"}, field: {"password": 123456}})
        assert told[0] == "MALFORMED-OBJECT"
        assert "123456" not in told[2]


LOOP: list[Any] = []
LOOP.append(LOOP)
LAUGHS: list[Any] = ["ha"] * 10
for _ in range(9):
    LAUGHS = [LAUGHS] * 10
DEEP: list[Any] = []
for _ in range(200):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (datetime.date(2024, 1, 1), "holds a value of type date, which JSON cannot say"),
        ({1, 2}, "holds a value of type set"),
        (b"x", "holds a value of type bytes"),
        ({1: "x"}, "has a key that is no text but int"),
        ({"\ud800": 1}, "holds text that is no valid Unicode"),
        (["a\udfff"], "holds text that is no valid Unicode"),
        (float("nan"), "holds a number that JSON cannot say"),
        (float("inf"), "holds a number that JSON cannot say"),
        (2**64, "holds a number of more than 64 bits"),
        (LOOP, "is nested more than 100 levels deep"),
        (DEEP, "is nested more than 100 levels deep"),
        (LAUGHS, "stands for more than 5000000 values"),
    ],
)
def test_what_json_cannot_say_is_refused(value: Any, why: str) -> None:
    hosts = {"spec": {"rules": [{"host": "a.example.test"}]}}
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": value, **hosts}
    (refusal,) = made(obj, service()).refusals
    assert refusal.code == "UNREADABLE-DOCUMENT"
    assert refusal.problem.startswith(f"a.yaml document 1 {why}")
    assert refusal.hosts == ("a.example.test",)


@pytest.mark.parametrize(
    "value", [None, True, 0, -(2**63), 2**64 - 1, 1.5, "", "é😀", [], {}, {"a": [{"b": [None]}]}, [["x"] * 1000] * 1000]
)
def test_what_json_can_say_is_plain(value: Any) -> None:
    require_plain(value)


def test_values_that_aliases_repeat_are_looked_at_once() -> None:
    calls = 0

    class Counted(str):
        __slots__ = ()

        def isascii(self) -> bool:
            nonlocal calls
            calls += 1
            return True

    shared = [Counted("x")]
    require_plain([shared] * 1000)
    assert calls == 1
    with pytest.raises(NotPlainError):
        require_plain([[shared] * 3000] * 3000)
