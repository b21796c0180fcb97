# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a binary says about its version, and whether that is good enough."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.toolchain import ToolchainError, versions
from sandbox.toolchain.layout import Cache
from sandbox.toolchain.table import artefact
from sandbox.toolchain.versions import Answers, Supported, Version

Program = Callable[[str, str, str], Path]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("etcd Version: 3.6.14\nGit SHA: Not provided", Version(3, 6, 14)),
        ("v3.22", Version(3, 22)),
        ("v1.32.4-dispatcher", Version(1, 32, 4, "-dispatcher")),
        ("Kubernetes v1.36.3", Version(1, 36, 3)),
        ("envoy  version: 0d7c/1.40.0/Clean/RELEASE/BoringSSL", Version(1, 40, 0)),
        ("client version: unknown", None),
        ("", None),
    ],
)
def test_parse(text: str, version: Version | None) -> None:
    assert Version.parse(text) == version


def test_order_looks_at_numbers_not_at_letters() -> None:
    assert Version(1, 9, 9) < Version(1, 10) < Version(1, 10, 1)
    assert Version(1, 36, 3, "-eks-1") == Version(1, 36, 3)


@pytest.mark.parametrize(
    ("name", "answer", "taken"),
    [
        ("kubectl", '{"clientVersion": {"gitVersion": "v1.32.4-dispatcher"}}', False),
        ("kubectl", '{"clientVersion": {"gitVersion": "v1.35.0"}}', True),
        ("kubectl", '{"clientVersion": {"gitVersion": "v1.37.2"}}', True),
        ("kubectl", '{"clientVersion": {"gitVersion": "v1.38.0"}}', False),
        ("kube-apiserver", "Kubernetes v0.0.0-master+$Format:%H$", False),
        ("kube-apiserver", "Kubernetes v1.36.9", True),
        ("kube-apiserver", "Kubernetes v1.37.0", False),
        ("etcd", "etcd Version: 3.5.21", False),
        ("helm", "v3.16.4+g7877b45", False),
        ("helm", "v3.19.0+gabc", True),
        ("helm", "v4.3.1", False),
        ("pilot-discovery", "client version: 1.31.2", True),
        ("pilot-discovery", "client version: unknown", False),
        ("istioctl", "client version: 1.30.0", False),
        ("nginx-ingress-controller", "NGINX Ingress controller\n  Release:       v1.11.0\n", True),
        ("nginx-ingress-controller", "NGINX Ingress controller\n  Release:       v1.11.5\n", False),
        ("envoy", "envoy  version: 0d7c/1.39.3/Clean/RELEASE/BoringSSL", True),
        ("envoy", "envoy  version: 0d7c/1.38.0/Clean/RELEASE/BoringSSL", False),
    ],
)
def test_support(name: str, answer: str, taken: bool) -> None:
    supported = artefact(name).supported
    assert supported is not None
    assert (supported.objection(supported.read(answer)) is None) is taken


def test_objection_names_both_versions_and_the_reason() -> None:
    supported = Supported(("--version",), "", Version(1, 35), Version(1, 38), "the skew policy")
    assert supported.objection(Version(1, 32, 4, "-dispatcher")) == (
        "is version 1.32.4-dispatcher, 1.35.0 or newer below 1.38.0 is needed (the skew policy)"
    )
    assert supported.objection(None) == "does not tell its version, 1.35.0 or newer below 1.38.0 is needed"


def test_a_binary_is_asked_once_until_it_changes(cache: Cache, tmp_path: Path, program: Program) -> None:
    supported = Supported(("--version",), "tool", Version(1, 0), Version(2, 0), "")
    binary = program("bin", "tool", "tool 1.2.3")
    for _run in range(2):
        answers = Answers(cache)
        assert answers.version(binary, supported) == Version(1, 2, 3)
        answers.save()
    assert (tmp_path / "asked").read_text(encoding="utf-8").count("asked") == 1
    program("bin", "tool", "tool 1.10.0")
    assert Answers(cache).version(binary, supported) == Version(1, 10)


def test_a_broken_memory_is_no_failure(cache: Cache, program: Program) -> None:
    cache.answers.write_text('{"x": 1', encoding="utf-8")
    supported = Supported(("--version",), "tool", Version(1, 0), Version(2, 0), "")
    assert Answers(cache).version(program("bin", "tool", "tool 1.2.3"), supported) == Version(1, 2, 3)


def test_a_binary_that_fails_has_no_version(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 1.2.3\nexit 127\n", encoding="utf-8")
    broken.chmod(0o755)
    assert versions.ask(broken, ("--version",)) == ""
    assert versions.ask(tmp_path, ("--version",)) == ""


def test_a_binary_that_hangs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_SECONDS_TO_ANSWER", 0.2)
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    hanging.chmod(0o755)
    with pytest.raises(ToolchainError, match="hanging --version gave no answer"):
        versions.ask(hanging, ("--version",))
