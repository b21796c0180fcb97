# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sandbox import interpreter, up
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.toolchain import ToolchainError


def test_one_message_names_everything_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def locate(name: str) -> Path:
        if name == "kube-proxy":
            raise ToolchainError("kube-proxy is not there yet: run `make setup`")
        return Path("/bin/true")

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(up, "locate", locate)
    with pytest.raises(SandboxError) as caught:
        up.check_requirements()
    message = str(caught.value)
    assert "run it as root" in message
    assert "install the Debian package nftables" in message
    assert "kube-proxy is not there yet: run `make setup`" in message
    assert message.count("\n  - ") == 3


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "../a", "a" * 33, "a b"])
def test_names_that_cannot_be_folders_or_hosts_are_refused(name: str) -> None:
    with pytest.raises(SandboxError, match="use at most 32 lower-case letters"):
        Layout.of(name)


def test_what_is_started_finds_the_package_and_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "http_proxy", "All_Proxy"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")
    monkeypatch.setenv("NO_PROXY", "kept")
    monkeypatch.setenv("PYTHONPATH", "/else")
    found = interpreter.environment()
    assert not {name for name in found if name.lower().endswith("_proxy")} - {"NO_PROXY"}
    first, rest = found["PYTHONPATH"].split(os.pathsep)
    assert (Path(first) / "sandbox").is_dir()
    assert rest == "/else"


def test_everything_of_a_sandbox_is_below_one_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ISTIO_MIGRATION_CACHE", str(tmp_path))
    layout = Layout.of("cluster-a")
    assert layout.root == tmp_path / "run" / "cluster-a"
    assert layout.kubeconfig == layout.root / "kubeconfig"
