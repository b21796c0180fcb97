# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bundle from manifests: what kubectl would apply, and one clear error for everything else."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import Bundle, Certificate
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.manifests import ManifestError, bundle_of
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
    return bundle_of("test", [(f"a.yaml document {number}", item) for number, item in enumerate(documents, 1)], read)


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
    secret = {"kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": "cert", "namespace": "shop"}}
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
    with pytest.raises(ManifestError, match=r"a\.yaml document 2 is no Kubernetes object: it has no kind"):
        made(service(), document)


def test_items_of_lists_are_named_by_their_number() -> None:
    with pytest.raises(ManifestError, match=r"a\.yaml document 1 item 2 is no Kubernetes object"):
        made({"kind": "List", "items": [service(), "x"]})


@pytest.mark.parametrize("name", [None, "", "..", "../../other/secrets/x", "a/b", "A", "x" * 254, 5, [], {}])
def test_names_that_could_leave_their_place_in_a_url_are_refused(name: Any) -> None:
    secret = {"kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": name, "namespace": "shop"}}
    with pytest.raises(ManifestError, match="must be DNS names; correct or remove it"):
        made(secret)
    with pytest.raises(ManifestError, match="must be DNS names; correct or remove it"):
        made({"kind": "ConfigMap", "metadata": {"name": "x", "namespace": name or "a.b"}})


@pytest.mark.parametrize("metadata", [None, True, "x", [], {}])
def test_metadata_of_a_wrong_type_is_refused(metadata: Any) -> None:
    with pytest.raises(ManifestError, match="Service '' of namespace"):
        made({"kind": "Service", "metadata": metadata})


@pytest.mark.parametrize("metadata", [None, True, "x", [], {"name": "../x", "labels": 5, "annotations": "y"}])
def test_a_malformed_ingress_is_kept_to_be_reported(metadata: Any) -> None:
    assert len(made({"kind": "Ingress", "metadata": metadata, "spec": {}}).of("Ingress")) == 1


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
    with pytest.raises(ManifestError, match=rf"a\.yaml document 1 {why}.*; correct or remove it"):
        made({"kind": "ConfigMap", "metadata": {"name": "x"}, "data": value})


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
