# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of an object: all that a person declared, nothing that the server manages. PRIVATE to the collection.

Kept this way a bundle has the same digest as long as nobody changes anything, and its objects can be applied again
(features.md, mistake 7).
"""

from __future__ import annotations

from typing import Any

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
    return bool(_mapping(_mapping(obj.get("metadata")).get("labels")).get(MANAGED_BY) == OURS)


def prune(obj: KubeObject) -> KubeObject:
    """Return a copy of ``obj`` without server-managed fields; a headless Service stays headless.

    A field of the wrong type is kept as it is: whoever reads it says so.
    """
    metadata = _mapping(obj.get("metadata"))
    kept = {name: metadata[name] for name in _METADATA if metadata.get(name)}
    if isinstance(kept.get("annotations"), dict):
        kept["annotations"] = {name: value for name, value in kept["annotations"].items() if name not in _NOISE}
    pruned = {name: value for name, value in obj.items() if name not in _SERVER_TOP}
    pruned["metadata"] = {name: value for name, value in kept.items() if value}
    if obj.get("kind") == "Service" and isinstance(obj.get("spec"), dict):
        spec = obj["spec"]
        pruned["spec"] = {name: value for name, value in spec.items() if name not in _SERVICE_SPEC}
        if spec.get("clusterIP") == "None":
            pruned["spec"]["clusterIP"] = "None"
    return pruned


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
