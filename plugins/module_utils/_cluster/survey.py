# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there before a migration: versions, Istio, the Services of both planes. PRIVATE to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._istio.releases import OLDEST_ISTIO
from .._kube.objects import KubeObject, list_at, mapping_at, text_at
from .api import Api

OLDEST_KUBERNETES = (1, 28)

_PORTS = {"http": 80, "https": 443}

# Mesh settings without which the gateway answers differently from nginx, and why (semantics.md B.12, B.21).
MESH_NEEDS = {
    "pathNormalization": "normalization: MERGE_SLASHES, so that //admin takes the route of /admin as in nginx",
    "connectTimeout": "5s, the time nginx waits for a connection",
}


def version_of(text: str) -> tuple[int, int] | None:
    """Return (major, minor) from a version or image tag such as ``v1.36.3`` or ``1.31.0-distroless``."""
    found = re.match(r"v?(\d{1,4})\.(\d{1,4})(?!\d)", text)
    return (int(found[1]), int(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class IstioFacts:
    """The control plane that is there. ``lacks`` are mesh settings that parity needs and that are set otherwise."""

    present: bool
    version: str = ""
    supported: bool = False
    lacks: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the facts as module results have them."""
        return {
            "present": self.present,
            "version": self.version,
            "supported": self.supported,
            "lacks": list(self.lacks),
        }


def survey_istio(api: Api, namespace: str) -> IstioFacts:
    """Return what is known of the Istio control plane in ``namespace``. Raises ApiError, UnreachableError."""
    deployments = api.list("Deployment", namespace, "app=istiod")
    if not deployments:
        return IstioFacts(present=False)
    containers = list_at(deployments[0], "spec", "template", "spec", "containers")
    image = str(containers[0].get("image") or "") if containers else ""
    tag = image.partition("@")[0].rpartition(":")[2]
    found = version_of(tag)
    mesh = _mesh_config(api.get("ConfigMap", namespace, "istio"))
    lacks = tuple(f"meshConfig.{name}: {why}" for name, why in MESH_NEEDS.items() if name not in mesh)
    return IstioFacts(True, tag, found is not None and found >= OLDEST_ISTIO, lacks)


def _mesh_config(configmap: KubeObject | None) -> set[str]:
    """Return the names of the top-level mesh settings; the text is YAML, of which only the keys are looked at."""
    text = mapping_at(configmap, "data").get("mesh", "") if configmap else ""
    return set(re.findall(r"^([A-Za-z]\w*):", text if isinstance(text, str) else "", re.MULTILINE))


def survey_service(api: Api, namespace: str, name: str) -> dict[str, Any] | None:
    """Return type, policy, annotations, ports and addresses of a Service, None when it does not exist.

    ``tcp_ports`` are those of them that serve neither http nor https.
    Addresses are those of its load balancer. Raises ApiError, UnreachableError.
    """
    service = api.get("Service", namespace, name)
    if service is None:
        return None
    spec = mapping_at(service, "spec")
    entries = list_at(service, "status", "loadBalancer", "ingress")
    return {
        "namespace": namespace,
        "name": name,
        "type": spec.get("type") or "ClusterIP",
        "traffic_policy": text_at(service, "spec", "externalTrafficPolicy"),
        "annotations": _load_balancer_annotations(mapping_at(service, "metadata", "annotations")),
        "ports": sorted(port["port"] for port in list_at(service, "spec", "ports")),
        "tcp_ports": sorted(_tcp_ports(list_at(service, "spec", "ports"))),
        "addresses": [str(entry.get("ip") or entry.get("hostname")) for entry in entries],
    }


def _tcp_ports(ports: Iterable[Mapping[str, Any]]) -> Iterator[int]:
    """Yield the ports that serve neither http nor https."""
    for entry in ports:
        if entry.get("protocol") in (None, "TCP") and entry["port"] not in _PORTS.values():
            yield entry["port"]


def addresses_of(service: Mapping[str, Any] | None) -> dict[str, str]:
    """Return ``host:port`` by scheme for the first load balancer address of a surveyed Service."""
    if not service or not service["addresses"]:
        return {}
    address = service["addresses"][0]
    host = f"[{address}]" if ":" in address else address
    return {scheme: f"{host}:{port}" for scheme, port in _PORTS.items() if port in service["ports"]}


def _load_balancer_annotations(annotations: Mapping[str, str]) -> dict[str, str]:
    """Return what a cloud's load balancer controller reads; notes of tools that manage the object are left out."""
    tools = ("kubectl.kubernetes.io/", "meta.helm.sh/", "argocd.argoproj.io/", "kustomize.")
    return {name: value for name, value in sorted(annotations.items()) if not name.startswith(tools)}


def foreign_gateways(api: Api, selector: Mapping[str, str]) -> list[str]:
    """Return the Gateways of others that serve hosts on our gateway Pods. Raises ApiError, UnreachableError."""
    names = []
    for obj in api.list("Gateway"):
        wanted = mapping_at(obj, "spec", "selector")
        labels = mapping_at(obj, "metadata", "labels")
        ours = labels.get("app.kubernetes.io/managed-by") == "sealos-istio-migration"
        if not ours and all(selector.get(name) == value for name, value in wanted.items()):
            names.append(f"{text_at(obj, 'metadata', 'namespace')}/{text_at(obj, 'metadata', 'name')}")
    return sorted(names)
