# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the files and the addresses of one sandbox are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.errors import SandboxError
from sandbox.toolchain.layout import cache

if TYPE_CHECKING:
    from pathlib import Path

# The addresses come from 198.18.0.0/15 (RFC 2544, for tests of network devices): they are no real host's.
# They are the same in every sandbox, since each sandbox has network namespaces of its own.
NODE_NAME: Final = "node-1"
NODE_ADDRESS: Final = "198.18.0.1"
POD_CIDR: Final = "198.18.0.0/17"
FIRST_POD_ADDRESS: Final = "198.18.1.1"
LAST_POD_ADDRESS: Final = "198.18.127.254"
SERVICE_CIDR: Final = "198.19.0.0/16"
API_SERVICE_ADDRESS: Final = "198.19.0.1"
LOAD_BALANCER_PREFIX: Final = "198.18.200."
SANDBOX_CIDR: Final = "198.18.0.0/15"
UPLINK_ADDRESS: Final = "198.18.254.1"
CLIENT_ADDRESSES: Final = ("198.18.254.2", "198.18.254.3", "198.18.254.4", "198.18.254.5")
CLIENT_PREFIX: Final = 29
API_PORT: Final = 6443
KUBELET_PORT: Final = 10250
DNS_DOMAIN: Final = "cluster.local"

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one sandbox, all below one folder."""

    name: str
    root: Path

    @classmethod
    def of(cls, name: str) -> Layout:
        """The layout of a sandbox by name; raises SandboxError."""
        if not _NAME.fullmatch(name):
            raise SandboxError(f"sandbox name {name!r}: use at most 32 lower-case letters, digits and inner hyphens")
        return cls(name=name, root=cache().root / "run" / name)

    @property
    def state(self) -> Path:
        """What the commands need to know about the running processes (state.py)."""
        return self.root / "state.json"

    @property
    def lock(self) -> Path:
        """Held as long as a process of the sandbox lives."""
        return self.root / "lock"

    @property
    def kubeconfig(self) -> Path:
        """Cluster administrator, through the loopback port."""
        return self.root / "kubeconfig"

    @property
    def endpoints(self) -> Path:
        """Loopback ports of the API server and the LoadBalancer Services (endpoints.py)."""
        return self.root / "endpoints.json"

    @property
    def charts(self) -> Path:
        """Link to Istio's charts (inventories/sandbox)."""
        return self.root / "charts"

    @property
    def commands(self) -> Path:
        """Link to the folder with kubectl, helm and istioctl (inventories/sandbox)."""
        return self.root / "commands"

    @property
    def pki(self) -> Path:
        """Keys, certificates and the kubeconfigs of the components."""
        return self.root / "pki"

    @property
    def etcd(self) -> Path:
        """etcd's data."""
        return self.root / "etcd"

    @property
    def pods(self) -> Path:
        """Volumes of Pods: a file system in memory, seen by the node only."""
        return self.root / "pods"

    @property
    def logs(self) -> Path:
        """One file per component, and `pods/` as a kubelet keeps them."""
        return self.root / "logs"

    @property
    def pod_logs(self) -> Path:
        """NAMESPACE_POD_UID/CONTAINER/RESTART.log below here."""
        return self.logs / "pods"

    def log(self, component: str) -> Path:
        """The log of one component."""
        return self.logs / f"{component}.log"

    def component_kubeconfig(self, component: str) -> Path:
        """The kubeconfig of one component, against the API server's own address."""
        return self.pki / f"{component}.kubeconfig"
