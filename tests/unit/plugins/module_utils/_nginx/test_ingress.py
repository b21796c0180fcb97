# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ingress as nginx reads it: defaults, and order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.ingress import (
    EXACT,
    PREFIX,
    Backend,
    Ingress,
    Path,
    Rule,
    TlsEntry,
    oldest_first,
    read_ingress,
)

from manifests import PREFIX as ANNOTATIONS
from manifests import backend, ingress, path


def read(obj: Any) -> Ingress:
    return read_ingress(obj, ANNOTATIONS)


def test_a_whole_ingress() -> None:
    obj = ingress(
        "a.example.test",
        path("/x", "web", "http", type_="Exact"),
        annotations={"ssl-redirect": "true"},
        tls="cert",
        default=backend("other", 8080),
    )
    obj["metadata"]["annotations"]["kubernetes.io/ingress.class"] = "nginx"
    found = read(obj)
    assert str(found.key) == "Ingress shop/web"
    assert found.named == {"ssl-redirect": "true"}
    assert (found.class_name, found.class_annotation) == ("nginx", "nginx")
    assert found.default_backend == Backend("other", 8080)
    assert found.rules == (Rule("a.example.test", (Path("/x", EXACT, Backend("web", "http")),)),)
    assert found.tls == (TlsEntry(("a.example.test",), "cert"),)


@pytest.mark.parametrize("kind", ["ImplementationSpecific", None, "Prefix", "exact"])
def test_every_type_but_exact_is_a_prefix(kind: str | None) -> None:
    obj = ingress("a.example.test", path("/x", type_=kind))
    assert [item.type for item in read(obj).rules[0].paths or ()] == [PREFIX]


@pytest.mark.parametrize("text", ["", None])
def test_an_empty_path_is_the_root(text: str | None) -> None:
    obj = ingress("a.example.test", path("/x"))
    obj["spec"]["rules"][0]["http"]["paths"][0]["path"] = text
    assert [item.path for item in read(obj).rules[0].paths or ()] == ["/"]


def test_a_rule_without_http_has_no_paths_at_all() -> None:
    obj = ingress("a.example.test")
    del obj["spec"]["rules"][0]["http"]
    assert read(obj).rules == (Rule("a.example.test", None),)


def test_a_class_that_is_set_to_nothing_is_still_set() -> None:
    obj = ingress("a.example.test", class_name=None)
    assert read(obj).class_name is None
    obj["spec"]["ingressClassName"] = ""
    assert read(obj).class_name == ""


def test_a_resource_is_no_service() -> None:
    assert (read(ingress("a.example.test", path("/", ""))).rules[0].paths or ())[0].backend is None


def test_the_oldest_comes_first_and_equal_ages_by_name_backwards() -> None:
    expected = [("b", "z", 1), ("z", "a", 2), ("a", "z", 2), ("a", "a", 2), ("a", "b", 3)]
    made = [
        read(ingress("a.example.test", name=name, namespace=namespace, created=f"2024-01-01T00:00:0{second}Z"))
        for namespace, name, second in expected
    ]
    for order in itertools.permutations(made):
        assert [
            (item.key.namespace, item.key.name, int(item.created[-3:-1])) for item in oldest_first(order)
        ] == expected


def test_names_are_compared_with_the_slash_in_between() -> None:
    # "a-b/x" < "a/x", for "-" sorts before "/".
    made = [read(ingress("a.example.test", name="x", namespace=namespace)) for namespace in ("a-b", "a")]
    assert [item.namespace for item in oldest_first(made)] == ["a", "a-b"]
