# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Ingresses the controller serves (semantics.md 0.2)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.ingress import read_ingress
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.ownership import (
    IngressClasses,
    load_refusal,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.settings import read_settings

from manifests import PREFIX, backend, ingress, ingress_class, path


def loading(obj: Any, *arguments: str, **configmap: str) -> str:
    data = {name.replace("_", "-"): value for name, value in configmap.items()}
    return load_refusal(read_ingress(obj, PREFIX), read_settings(arguments, data, (1, 15)))


def owning(obj: Any, *arguments: str, classes: tuple[Any, ...] = (ingress_class(),)) -> str:
    return IngressClasses(classes, read_settings(arguments, {}, (1, 15))).refusal(read_ingress(obj, PREFIX))


def annotated(value: str, class_name: str | None = None) -> Any:
    obj = ingress("a.example.test", class_name=class_name)
    obj["metadata"]["annotations"]["kubernetes.io/ingress.class"] = value
    return obj


def test_the_class_name_decides_alone() -> None:
    assert owning(ingress("a.example.test")) == ""
    assert owning(annotated("nginx", class_name="other")) == "its class is 'other'"
    assert owning(annotated("other", class_name="nginx")) == ""


def test_a_class_counts_by_its_controller_not_by_its_name() -> None:
    edge = ingress_class("edge")
    foreign = ingress_class("nginx", controller="x.test/other")
    assert owning(ingress("a.example.test", class_name="edge"), classes=(edge, foreign)) == ""
    assert owning(ingress("a.example.test"), classes=(edge, foreign)) != ""
    assert owning(ingress("a.example.test"), "--ingress-class-by-name", classes=(foreign,)) == ""
    assert owning(ingress("a.example.test"), "--controller-class=x.test/other", classes=(foreign,)) == ""


def test_a_class_that_does_not_exist_is_nobodys() -> None:
    assert owning(ingress("a.example.test"), classes=()) == "its class is 'nginx'"


def test_the_annotation_is_compared_with_the_argument() -> None:
    assert owning(annotated("nginx")) == ""
    assert owning(annotated("edge")) == "its class is 'edge'"
    assert owning(annotated("edge"), "--ingress-class=edge") == ""
    # Without a class of its name: the annotation needs no IngressClass object.
    assert owning(annotated("nginx"), classes=()) == ""


def test_an_ingress_without_class_needs_an_argument() -> None:
    bare = ingress("a.example.test", class_name=None)
    assert owning(bare) == "it names no class"
    assert owning(bare, "--watch-ingress-without-class") == ""


def test_other_namespaces_are_not_watched() -> None:
    assert loading(ingress("a.example.test"), "--watch-namespace=shop") == ""
    assert "watches only namespace 'x'" in loading(ingress("a.example.test"), "--watch-namespace=x")


@pytest.mark.parametrize(
    "obj", [ingress("", path("/")), ingress("a.example.test", default=backend("web"))], ids=["no host", "default"]
)
def test_catch_all_can_be_disabled(obj: Any) -> None:
    assert loading(obj) == ""
    assert "--disable-catch-all" in loading(obj, "--disable-catch-all")


@pytest.mark.parametrize(
    "text", ["/x;}location /y{alias /;", "root /;", "content_by_lua_block", "/etc/passwd", "/var/run/secrets/x"]
)
def test_what_looks_like_an_injection_is_not_loaded(text: str) -> None:
    assert "--deep-inspect" in loading(ingress("a.example.test", path(text)))
    assert "--deep-inspect" in loading(ingress("a.example.test", tls=text))
    assert loading(ingress("a.example.test", path(text)), "--deep-inspect=false") == ""


@pytest.mark.parametrize("text", ["/rooted/x", "/alias", "/etc/hosts", "/a;b/alias", "/lua"])
def test_what_only_sounds_like_one_is(text: str) -> None:
    assert loading(ingress("a.example.test", path(text))) == ""


@pytest.mark.parametrize("text", ["alias" * 200_000, "root" * 200_000, "/etc/" * 200_000, ";" * 1_000_000 + "alias"])
def test_a_long_path_is_inspected_in_a_moment(text: str) -> None:
    begin = time.process_time()
    assert loading(ingress("a.example.test", path(text))) == ""
    assert time.process_time() - begin < 1


def test_an_annotation_above_the_risk_level_keeps_the_whole_ingress_out() -> None:
    snippet = ingress("a.example.test", annotations={"configuration-snippet": "x", "ssl-redirect": "true"})
    assert loading(snippet) == (
        "annotation configuration-snippet is of risk Critical, and annotations-risk-level is High"
    )
    assert loading(snippet, annotations_risk_level="Critical") == ""
    listed = ingress("a.example.test", annotations={"whitelist-source-range": "10.0.0.0/8"})
    assert loading(listed) == ""
    assert "whitelist-source-range is of risk Medium" in loading(listed, annotations_risk_level="Low")


def test_forbidden_words_are_looked_for_in_our_own_annotations_only() -> None:
    obj = ingress("a.example.test", annotations={"app-root": "/lua"})
    obj["metadata"]["annotations"]["x.test/note"] = "load_module"
    assert loading(obj, annotation_value_word_blocklist="load_module") == ""
    assert "app-root holds 'lua'" in loading(obj, annotation_value_word_blocklist="load_module,lua")
    # Words are not trimmed.
    assert loading(obj, annotation_value_word_blocklist="load_module, lua") == ""
