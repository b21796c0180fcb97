# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach a cluster: the options of kubernetes.core, and one clear error for what cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.connection import connect
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.errors import ConnectionOptionError

KUBECONFIG: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "one",
    "clusters": [
        {"name": name, "cluster": {"server": f"https://{name}.example.test:6443/", "insecure-skip-tls-verify": True}}
        for name in ("one", "two")
    ],
    "contexts": [{"name": name, "context": {"cluster": name, "user": "u"}} for name in ("one", "two")],
    "users": [{"name": "u", "user": {"token": "t"}}],
}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "K8S_AUTH_KUBECONFIG", "K8S_AUTH_HOST", "K8S_AUTH_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(name="kubeconfig")
def fixture_kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(KUBECONFIG), encoding="utf-8")
    return path


def test_the_current_context_counts_unless_another_is_named(kubeconfig: Path) -> None:
    assert connect({"kubeconfig": str(kubeconfig)}).host == "https://one.example.test:6443"
    assert connect({"kubeconfig": str(kubeconfig), "context": "two"}).host == "https://two.example.test:6443"


def test_a_kubeconfig_may_be_given_as_a_mapping() -> None:
    assert connect({"kubeconfig": KUBECONFIG, "context": "two"}).host == "https://two.example.test:6443"


def test_options_come_from_the_environment_too(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", str(kubeconfig))
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "two")
    assert connect({}).host == "https://two.example.test:6443"
    assert connect({"context": "one"}).host == "https://one.example.test:6443"


def test_a_host_with_credentials_needs_no_kubeconfig() -> None:
    assert connect({"host": "https://x.example.test/", "api_key": "t"}).host == "https://x.example.test"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kubeconfig": "/nonexistent/kubeconfig"}, "/nonexistent/kubeconfig cannot be used"),
        ({"kubeconfig": KUBECONFIG, "context": "three"}, "the given kubeconfig cannot be used with context 'three'"),
        ({"kubeconfig": {"kind": "Config"}}, "the given kubeconfig cannot be used"),
        ({}, "the default kubeconfig cannot be used"),
    ],
)
def test_what_cannot_be_used_is_one_error_that_says_what_to_check(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConnectionOptionError) as caught:
        connect(params)
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith("check migration_kubeconfig and migration_context")


@pytest.mark.parametrize("text", ["", "[]", "x: y", "just text", "{", "\x00", "clusters: 5\ncontexts: {}\n"])
def test_a_file_that_is_no_kubeconfig_is_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConnectionOptionError, match="cannot be used"):
        connect({"kubeconfig": str(path)})
