# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command lines of the components that run on the node."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox import interpreter, kubeconfig
from sandbox import layout as addresses
from sandbox.toolchain import locate

if TYPE_CHECKING:
    from sandbox.layout import Layout

ETCD_PORT: Final = 2379
_ETCD_URL: Final = f"http://127.0.0.1:{ETCD_PORT}"
_ETCD_PEER_URL: Final = "http://127.0.0.1:2380"
KUBE_PROXY_HEALTH_PORT: Final = 10256
_KUBECONFIGS: Final = ("kube-controller-manager", "kube-scheduler", "kube-proxy")


@dataclass(frozen=True, slots=True)
class Component:
    """A long-running process of the node; its log is logs/NAME.log."""

    name: str
    command: list[str]


def etcd(layout: Layout) -> Component:
    """etcd without fsync: the data is thrown away with the sandbox."""
    return Component(
        "etcd",
        [
            str(locate("etcd")),
            f"--data-dir={layout.etcd}",
            f"--listen-client-urls={_ETCD_URL}",
            f"--advertise-client-urls={_ETCD_URL}",
            f"--listen-peer-urls={_ETCD_PEER_URL}",
            f"--initial-advertise-peer-urls={_ETCD_PEER_URL}",
            f"--initial-cluster=default={_ETCD_PEER_URL}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
    )


def kube_apiserver(layout: Layout) -> Component:
    """The API server, with RBAC and the default admission plugins."""
    pki = layout.pki
    return Component(
        "kube-apiserver",
        [
            str(locate("kube-apiserver")),
            f"--etcd-servers={_ETCD_URL}",
            f"--advertise-address={addresses.NODE_ADDRESS}",
            f"--secure-port={addresses.API_PORT}",
            f"--tls-cert-file={pki / 'kube-apiserver.crt'}",
            f"--tls-private-key-file={pki / 'kube-apiserver.key'}",
            f"--client-ca-file={pki / 'ca.crt'}",
            f"--service-account-issuer=https://kubernetes.default.svc.{addresses.DNS_DOMAIN}",
            f"--service-account-key-file={pki / 'sa.pub'}",
            f"--service-account-signing-key-file={pki / 'sa.key'}",
            f"--kubelet-client-certificate={pki / 'apiserver-kubelet-client.crt'}",
            f"--kubelet-client-key={pki / 'apiserver-kubelet-client.key'}",
            "--kubelet-preferred-address-types=InternalIP",
            "--authorization-mode=Node,RBAC",
            "--allow-privileged=true",
            f"--service-cluster-ip-range={addresses.SERVICE_CIDR}",
            "--profiling=false",
        ],
    )


def kube_controller_manager(layout: Layout) -> Component:
    """All controllers but those that need a cloud or hand out Pod ranges; nothing listens."""
    pki = layout.pki
    return Component(
        "kube-controller-manager",
        [
            str(locate("kube-controller-manager")),
            f"--kubeconfig={layout.component_kubeconfig('kube-controller-manager')}",
            "--controllers=*,-node-ipam-controller,-cloud-node-lifecycle-controller",
            "--use-service-account-credentials=true",
            f"--root-ca-file={pki / 'ca.crt'}",
            f"--service-account-private-key-file={pki / 'sa.key'}",
            f"--cluster-signing-cert-file={pki / 'ca.crt'}",
            f"--cluster-signing-key-file={pki / 'ca.key'}",
            # By default it spends its first four seconds waiting for its own limit.
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--leader-elect=false",
            "--secure-port=0",
        ],
    )


def kube_scheduler(layout: Layout) -> Component:
    """The scheduler; nothing listens."""
    return Component(
        "kube-scheduler",
        [
            str(locate("kube-scheduler")),
            f"--kubeconfig={layout.component_kubeconfig('kube-scheduler')}",
            "--leader-elect=false",
            "--secure-port=0",
        ],
    )


def kube_proxy(layout: Layout) -> Component:
    """kube-proxy in nftables mode; its configuration is written beside the keys."""
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": addresses.POD_CIDR,
        "bindAddress": addresses.NODE_ADDRESS,
        "hostnameOverride": addresses.NODE_NAME,
        "healthzBindAddress": f"127.0.0.1:{KUBE_PROXY_HEALTH_PORT}",
        "metricsBindAddress": "127.0.0.1:10249",
        "clientConnection": {"kubeconfig": str(layout.component_kubeconfig("kube-proxy"))},
        # Changes take effect at once; the default gathers them for a second.
        "nftables": {"minSyncPeriod": "0s", "syncPeriod": "30s"},
        # These limits belong to the machine, not to one of its network namespaces.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
    path = layout.pki / "kube-proxy.json"
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return Component("kube-proxy", [str(locate("kube-proxy")), f"--config={path}"])


def agent(layout: Layout, channel: int) -> Component:
    """The node agent; `channel` is the file descriptor that leads to the keeper."""
    return Component("agent", interpreter.module_command("sandbox.agent", layout.name, f"--channel={channel}"))


def write_kubeconfigs(layout: Layout) -> None:
    """One kubeconfig per component that is an ordinary client of the API server."""
    for name in _KUBECONFIGS:
        kubeconfig.write(
            layout.component_kubeconfig(name),
            context=layout.name,
            server=f"https://127.0.0.1:{addresses.API_PORT}",
            pki=layout.pki,
            identity=name,
        )
