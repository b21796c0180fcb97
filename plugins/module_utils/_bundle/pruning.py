# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of an object: all that a person declared, nothing that the server manages. PRIVATE to the collection.

Kept this way a bundle has the same digest as long as nobody changes anything, and its objects can be applied again
(features.md, mistake 7).
"""

from __future__ import annotations

from .._kube.objects import KubeObject

MANAGED_BY = "app.kubernetes.io/managed-by"
OURS = "sealos-istio-migration"

_METADATA = ("name", "namespace", "creationTimestamp", "labels", "annotations")
_NOISE = frozenset(("kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision"))
_SERVER_TOP = frozenset(("status", "metadata"))
_SERVICE_SPEC = frozenset(
    ("clusterIP", "clusterIPs", "healthCheckNodePort", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")
)


def is_ours(obj: KubeObject) -> bool:
    """Tell whether the collection made ``obj``; such objects are never part of a bundle."""
    labels = (obj.get("metadata") or {}).get("labels") or {}
    return bool(labels.get(MANAGED_BY) == OURS)


def prune(obj: KubeObject) -> KubeObject:
    """Return a copy of ``obj`` without server-managed fields; a headless Service stays headless."""
    metadata = obj.get("metadata") or {}
    kept = {name: metadata[name] for name in _METADATA if metadata.get(name)}
    if "annotations" in kept:
        kept["annotations"] = {name: value for name, value in kept["annotations"].items() if name not in _NOISE}
    pruned = {name: value for name, value in obj.items() if name not in _SERVER_TOP}
    pruned["metadata"] = {name: value for name, value in kept.items() if value}
    if obj.get("kind") == "Service" and isinstance(obj.get("spec"), dict):
        spec = obj["spec"]
        pruned["spec"] = {name: value for name, value in spec.items() if name not in _SERVICE_SPEC}
        if spec.get("clusterIP") == "None":
            pruned["spec"]["clusterIP"] = "None"
    return pruned
