# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bundle from manifests instead of a cluster: what is missing is assumed later, with a finding. PRIVATE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .._kube.kinds import KINDS
from .._kube.objects import KubeObject
from .bundle import Bundle, Certificate
from .pruning import is_ours, prune
from .workload import describe, runs_controller

_NGINX_CLASS: KubeObject = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "nginx"},
    "spec": {"controller": "k8s.io/ingress-nginx"},
}
_TLS = "kubernetes.io/tls"


class ManifestError(ValueError):
    """Manifests cannot be read; ``str()`` names file, document and what is wrong."""


def bundle_of(
    cluster: str, documents: Iterable[tuple[str, Any]], read_certificate: Callable[[KubeObject], Certificate]
) -> Bundle:
    """Return a bundle of manifests.

    ``documents`` are pairs of a place (file and number, for messages) and a parsed YAML or JSON document; Lists are
    taken apart, kinds that no plan depends on are left out. ``read_certificate`` keeps what may be kept of a TLS
    Secret. Without an IngressClass the class ``nginx`` is assumed; an object without a namespace is in ``default``.
    Raises ManifestError for a document that is no object.
    """
    objects: dict[str, list[KubeObject]] = {}
    secrets: list[KubeObject] = []
    for obj in _objects(documents):
        if obj["kind"] == "Secret":
            secrets.append(obj)
        elif obj["kind"] in KINDS and not is_ours(obj):
            objects.setdefault(obj["kind"], []).append(prune(obj))
    objects.setdefault("IngressClass", [_NGINX_CLASS])
    workloads = [*objects.get("Deployment", ()), *objects.get("DaemonSet", ())]
    running = [workload for workload in workloads if runs_controller(workload)]
    certificates = [read_certificate(secret) for secret in secrets if secret.get("type") == _TLS]
    return Bundle(
        cluster,
        objects,
        {(item.namespace, item.name): item for item in certificates},
        controller=describe(running[0], objects.get("Service", ())) if len(running) == 1 else None,
    )


def _objects(documents: Iterable[tuple[str, Any]]) -> Iterator[KubeObject]:
    for place, document in documents:
        if document is None:
            continue
        if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
            raise ManifestError(f"{place} is no Kubernetes object: it has no kind; correct or remove it")
        if document["kind"].endswith("List") and isinstance(document.get("items"), list):
            yield from _objects((f"{place} item {number}", item) for number, item in enumerate(document["items"], 1))
        else:
            yield _placed(document)


def _placed(obj: KubeObject) -> KubeObject:
    """Return ``obj`` in the namespace that ``kubectl apply`` would put it in."""
    kind = KINDS.get(obj["kind"])
    metadata = obj.get("metadata")
    if kind and kind.namespaced and isinstance(metadata, dict) and not metadata.get("namespace"):
        return {**obj, "metadata": {**metadata, "namespace": "default"}}
    return obj
