# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The permissions each identity needs: one table for the printed roles and for the check. PRIVATE to the collection.

Three identities are told apart: one that installs Istio, one that brings rules and dashboards, and one that does
everything else. None has a wildcard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .._bundle.pruning import MANAGED_BY, OURS
from .._kube.objects import KubeObject

READ = ("get", "list")
WRITE = ("create", "delete", "get", "list", "patch", "update")
_CHANGE = ("delete", "get", "patch", "update")

_ISTIO = "networking.istio.io"
_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_CRDS = "apiextensions.k8s.io"

# What the charts base and istiod bring (istio.io/istio manifests/charts).
ISTIO_CRDS = (
    "authorizationpolicies.security.istio.io",
    "destinationrules.networking.istio.io",
    "envoyfilters.networking.istio.io",
    "gateways.networking.istio.io",
    "peerauthentications.security.istio.io",
    "proxyconfigs.networking.istio.io",
    "requestauthentications.security.istio.io",
    "serviceentries.networking.istio.io",
    "sidecars.networking.istio.io",
    "telemetries.telemetry.istio.io",
    "trafficextensions.extensions.istio.io",
    "virtualservices.networking.istio.io",
    "wasmplugins.extensions.istio.io",
    "workloadentries.networking.istio.io",
    "workloadgroups.networking.istio.io",
)

_ISTIO_ROLES = ("istio-reader-clusterrole", "istiod-clusterrole", "istiod-gateway-controller")


@dataclass(frozen=True, slots=True)
class Grant:
    """Verbs on resources of one API group; ``namespace`` is empty for the whole cluster, ``names`` for any name."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    namespace: str = ""
    names: tuple[str, ...] = ()

    def rule(self) -> dict[str, list[str]]:
        """Return the grant as a rule of a Role."""
        rule = {"apiGroups": [self.group], "resources": list(self.resources), "verbs": list(self.verbs)}
        return {**rule, "resourceNames": list(self.names)} if self.names else rule

    def questions(self) -> Iterator[dict[str, str]]:
        """Yield the ``resourceAttributes`` of the access reviews that ask for everything in the grant."""
        for resource in self.resources:
            plural, __, sub = resource.partition("/")
            for verb in self.verbs:
                for name in self.names or ("",):
                    question = {"group": self.group, "resource": plural, "verb": verb, "namespace": self.namespace}
                    yield {**question, **({"subresource": sub} if sub else {}), **({"name": name} if name else {})}


def migrate_grants(gateway_namespace: str, nginx_namespace: str, istio_namespace: str) -> list[Grant]:
    """Return what backing up, converting, applying, verifying, recording and rolling back need."""
    return [
        Grant("", ("services",), READ),
        Grant("", ("configmaps", "secrets"), ("get",)),
        Grant("discovery.k8s.io", ("endpointslices",), READ),
        Grant("networking.k8s.io", ("ingresses", "ingressclasses"), READ),
        Grant(_ISTIO, ("destinationrules", "virtualservices"), WRITE),
        Grant(_ISTIO, ("envoyfilters", "gateways", "serviceentries"), READ),
        Grant("security.istio.io", ("authorizationpolicies",), READ),
        Grant(_CRDS, ("customresourcedefinitions",), ("get",), names=ISTIO_CRDS),
        Grant("apps", ("daemonsets", "deployments"), READ, nginx_namespace),
        Grant("apps", ("deployments",), READ, istio_namespace),
        Grant(_ISTIO, ("envoyfilters", "gateways", "serviceentries"), WRITE, gateway_namespace),
        Grant("security.istio.io", ("authorizationpolicies",), WRITE, gateway_namespace),
        Grant("", ("configmaps", "secrets"), WRITE, gateway_namespace),
        Grant("", ("pods",), READ, gateway_namespace),
        Grant("", ("pods/proxy",), ("get",), gateway_namespace),
        Grant("coordination.k8s.io", ("leases",), ("create", "get", "update"), gateway_namespace),
    ]


def install_grants(gateway_namespace: str, istio_namespace: str) -> list[Grant]:
    """Return what installing Istio by its Helm charts needs.

    The cluster roles of Istio are created empty, which needs no special right, and filled in afterwards: only for
    these names the installer may go beyond its own rights.
    """
    roles = tuple(f"{name}-{istio_namespace}" for name in _ISTIO_ROLES)
    workloads = ("configmaps", "secrets", "serviceaccounts", "services")
    grants = [
        Grant("", ("namespaces",), ("get",), names=(istio_namespace,)),
        Grant(_CRDS, ("customresourcedefinitions",), ("create",)),
        Grant(_CRDS, ("customresourcedefinitions",), _CHANGE, names=ISTIO_CRDS),
        Grant(_ADMISSION, ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"), ("create",)),
        Grant(
            _ADMISSION,
            ("mutatingwebhookconfigurations",),
            _CHANGE,
            names=("istio-sidecar-injector", f"istio-sidecar-injector-{istio_namespace}"),
        ),
        Grant(
            _ADMISSION,
            ("validatingwebhookconfigurations",),
            _CHANGE,
            names=(f"istio-validator-{istio_namespace}", "istiod-default-validator"),
        ),
        Grant(_RBAC, ("clusterroles", "clusterrolebindings"), ("create",)),
        Grant(_RBAC, ("clusterroles",), (*_CHANGE, "bind", "escalate"), names=roles),
        Grant(_RBAC, ("clusterrolebindings",), _CHANGE, names=roles),
        Grant(_RBAC, ("roles",), (*_CHANGE, "bind", "escalate"), istio_namespace, ("istiod",)),
        Grant(_ISTIO, ("gateways", "virtualservices", "destinationrules", "envoyfilters"), READ),
    ]
    for namespace in dict.fromkeys((istio_namespace, gateway_namespace)):
        grants += [
            Grant("", workloads, (*WRITE, "watch"), namespace),
            Grant("", ("pods", "events"), (*READ, "watch"), namespace),
            Grant("apps", ("deployments",), (*WRITE, "watch"), namespace),
            Grant("apps", ("daemonsets", "replicasets"), (*READ, "watch"), namespace),
            Grant("autoscaling", ("horizontalpodautoscalers",), WRITE, namespace),
            Grant("policy", ("poddisruptionbudgets",), WRITE, namespace),
            Grant(_RBAC, ("roles", "rolebindings"), WRITE, namespace),
        ]
    return grants


def observe_grants(gateway_namespace: str, nginx_namespace: str) -> list[Grant]:
    """Return what bringing rules, monitors, dashboards and a Telemetry needs."""
    return [
        Grant("", ("configmaps",), WRITE, gateway_namespace),
        Grant("monitoring.coreos.com", ("podmonitors", "prometheusrules", "servicemonitors"), WRITE, gateway_namespace),
        Grant("telemetry.istio.io", ("telemetries",), WRITE, gateway_namespace),
        Grant("", ("services",), WRITE, nginx_namespace),
    ]


def role_manifests(name: str, grants: Iterable[Grant], subject: tuple[str, str]) -> list[KubeObject]:
    """Return everything that an administrator applies for an identity with ``grants``.

    That is the ServiceAccount ``subject`` (namespace, name), one ClusterRole for what is asked of the whole cluster,
    one Role for each namespace, their bindings, and the namespaces, for some of them may not be there yet.
    """
    by_namespace: dict[str, list[Grant]] = {}
    for grant in grants:
        by_namespace.setdefault(grant.namespace, []).append(grant)
    namespaces = sorted({subject[0], *by_namespace} - {""})
    found: list[KubeObject] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}} for namespace in namespaces
    ]
    account = {"namespace": subject[0], "name": subject[1]}
    found.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**account, "labels": {MANAGED_BY: OURS}}})
    for namespace, members in sorted(by_namespace.items()):
        prefix = "" if namespace else "Cluster"
        metadata = {"name": name, "labels": {MANAGED_BY: OURS}, **({"namespace": namespace} if namespace else {})}
        common = {"apiVersion": f"{_RBAC}/v1", "metadata": metadata}
        found.append({**common, "kind": f"{prefix}Role", "rules": [grant.rule() for grant in members]})
        reference = {"apiGroup": _RBAC, "kind": f"{prefix}Role", "name": name}
        subjects = [{"kind": "ServiceAccount", **account}]
        found.append({**common, "kind": f"{prefix}RoleBinding", "roleRef": reference, "subjects": subjects})
    return found
