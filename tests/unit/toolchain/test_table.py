# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table names everything the sandbox asks for, and each row can be made."""

from __future__ import annotations

import re

import pytest

from sandbox.toolchain import ToolchainError
from sandbox.toolchain.go_modules import required_version
from sandbox.toolchain.keys import link_flags
from sandbox.toolchain.layout import TOOLS
from sandbox.toolchain.table import ARTEFACTS, GoProgram, Kind, ModuleFiles, artefact
from sandbox.toolchain.versions import Version

BINARIES = {
    "etcd", "helm", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubectl", "istioctl",
    "pilot-discovery", "pilot-agent", "envoy", "nginx-ingress-controller", "echo", "load",
}  # fmt: skip
ASSETS = {"istio-charts", "istio-bootstrap", "gateway-api-crds", "ingress-nginx-rootfs", "kubernetes-core"}


def test_everything_is_there_once() -> None:
    names = [row.name for row in ARTEFACTS]
    assert len(names) == len(set(names))
    assert {row.name for row in ARTEFACTS if row.kind is Kind.BINARY} == BINARIES
    assert {row.name for row in ARTEFACTS if row.kind is Kind.ASSET} == ASSETS


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ToolchainError, match=r"unknown artefact 'kubelet'.*kube-apiserver.*kubernetes-core"):
        artefact("kubelet")


@pytest.mark.parametrize(
    "row", [row for row in ARTEFACTS if isinstance(row.origin, GoProgram)], ids=lambda row: row.name
)
def test_programs_are_pinned_and_named_as_tools(row: object) -> None:
    origin = row.origin  # type: ignore[attr-defined]
    go_mod = (TOOLS / origin.folder / "go.mod").read_text(encoding="utf-8")
    assert (TOOLS / origin.folder / "go.sum").is_file()
    if origin.package == ".":
        assert (TOOLS / origin.folder / "main.go").is_file()
    else:
        assert re.search(rf"^(tool )?\s*{re.escape(origin.package)}$", go_mod, re.MULTILINE)


def test_own_programs_are_never_taken_from_elsewhere() -> None:
    """PATH has another `echo`."""
    assert artefact("echo").supported is None
    assert artefact("load").supported is None


def test_pins_are_within_the_supported_versions() -> None:
    """Else a build of ours would be refused as soon as somebody puts it into SANDBOX_BIN_DIR."""
    checked = set()
    for row in ARTEFACTS:
        if isinstance(row.origin, GoProgram) and row.supported is not None:
            pinned = Version.parse(row.origin.release or required_version(row.origin.folder, row.origin.module))
            assert row.supported.objection(pinned) is None
            checked.add(row.name)
    assert checked == BINARIES - {"envoy", "echo", "load"}


def test_linked_versions() -> None:
    kubernetes = artefact("kube-apiserver").origin
    istio = artefact("pilot-discovery").origin
    assert isinstance(kubernetes, GoProgram)
    assert isinstance(istio, GoProgram)
    version = "-X k8s.io/component-base/version"
    assert link_flags(kubernetes) == (
        f"-s -w {version}.gitVersion=v1.36.3 {version}.gitMajor=1 {version}.gitMinor=36 {version}.gitTreeState=clean"
    )
    assert "buildVersion=1.31.0 " in link_flags(istio)
    assert "buildGitRevision=eed52ebb66ad " in link_flags(istio)


def test_modules_of_assets_are_required() -> None:
    for row in ARTEFACTS:
        if isinstance(row.origin, ModuleFiles):
            assert row.origin.module in (TOOLS / row.origin.folder / "go.mod").read_text(encoding="utf-8")
