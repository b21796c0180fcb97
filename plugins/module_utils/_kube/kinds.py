# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of objects that the collection reads or writes, and where an API server keeps them. PRIVATE.

Versions are those served by every supported cluster: Kubernetes 1.28 and later, Istio 1.27 and later
(semantics.md C.12).
"""

from __future__ import annotations

from dataclasses import dataclass

from .names import is_dns_label, is_object_name


class IllegalNameError(ValueError):
    """A name that no object can have was about to become part of a URL; ``str()`` names kind and name."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: ``group`` is empty for the core group; ``plural`` is the resource name in URLs and RBAC rules."""

    name: str
    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """``apiVersion`` of objects of this kind."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "") -> str:
        """Return the URL path of a collection, or of one object. Raises IllegalNameError: nothing is escaped here."""
        if (namespace and not is_dns_label(namespace)) or (name and not is_object_name(name)):
            raise IllegalNameError(f"{self.name} {namespace!r}/{name!r} is no legal name of an object")
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        place = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}{place}/{self.plural}" + (f"/{name}" if name else "")


_NETWORKING = "networking.k8s.io"
_ISTIO_NETWORKING = "networking.istio.io"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("Namespace", "", "v1", "namespaces", namespaced=False),
        Kind("ConfigMap", "", "v1", "configmaps"),
        Kind("Secret", "", "v1", "secrets"),
        Kind("Service", "", "v1", "services"),
        Kind("Pod", "", "v1", "pods"),
        Kind("Deployment", "apps", "v1", "deployments"),
        Kind("DaemonSet", "apps", "v1", "daemonsets"),
        Kind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices"),
        Kind("Lease", "coordination.k8s.io", "v1", "leases"),
        Kind("Ingress", _NETWORKING, "v1", "ingresses"),
        Kind("IngressClass", _NETWORKING, "v1", "ingressclasses", namespaced=False),
        Kind("CustomResourceDefinition", "apiextensions.k8s.io", "v1", "customresourcedefinitions", namespaced=False),
        Kind("Gateway", _ISTIO_NETWORKING, "v1", "gateways"),
        Kind("VirtualService", _ISTIO_NETWORKING, "v1", "virtualservices"),
        Kind("DestinationRule", _ISTIO_NETWORKING, "v1", "destinationrules"),
        Kind("ServiceEntry", _ISTIO_NETWORKING, "v1", "serviceentries"),
        Kind("EnvoyFilter", _ISTIO_NETWORKING, "v1alpha3", "envoyfilters"),
        Kind("AuthorizationPolicy", "security.istio.io", "v1", "authorizationpolicies"),
    )
}
