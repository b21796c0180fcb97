# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bundle from manifests instead of a cluster: what is missing is assumed later, with a finding. PRIVATE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .._kube.kinds import KINDS
from .._kube.names import is_dns_label, is_object_name
from .._kube.objects import KubeObject, key_of
from .bundle import Bundle, Certificate
from .plain import NotPlainError, require_plain
from .pruning import is_ours, prune
from .secrets import SecretFacts, named_secrets
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
    cluster: str,
    documents: Iterable[tuple[str, Any]],
    read_certificate: Callable[[KubeObject], Certificate],
    read_facts: Callable[[KubeObject], SecretFacts] | None = None,
) -> Bundle:
    """Return a bundle of manifests.

    ``documents`` are pairs of a place (file and number, for messages) and a parsed YAML or JSON document; Lists are
    taken apart, kinds that no plan depends on are left out. ``read_certificate`` keeps what may be kept of a TLS
    Secret, ``read_facts`` what may be kept of one that an annotation names. Without an IngressClass the class ``nginx``
    is assumed; an object without a namespace is in ``default``. Raises ManifestError for a document that is no object,
    for one that JSON cannot say, and for an object without a legal name; an Ingress without one is left to be reported.
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
    named = set(named_secrets(objects.get("Ingress", ())))
    facts = [read_facts(secret) for secret in secrets if _place(secret) in named] if read_facts else []
    return Bundle(
        cluster,
        objects,
        {(item.namespace, item.name): item for item in certificates},
        {(item.namespace, item.name): item for item in facts},
        controller=describe(running[0], objects.get("Service", ())) if len(running) == 1 else None,
    )


def _place(obj: KubeObject) -> tuple[str, str]:
    key = key_of(obj)
    return key.namespace, key.name


def _objects(documents: Iterable[tuple[str, Any]]) -> Iterator[KubeObject]:
    for place, document in documents:
        try:
            require_plain(document)
        except NotPlainError as error:
            raise ManifestError(f"{place} {error}; correct or remove it") from error
        yield from _taken_apart(place, document)


def _taken_apart(place: str, document: Any) -> Iterator[KubeObject]:
    if document is None:
        return
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise ManifestError(f"{place} is no Kubernetes object: it has no kind; correct or remove it")
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for number, item in enumerate(document["items"], 1):
            yield from _taken_apart(f"{place} item {number}", item)
    else:
        obj = _placed(document)
        _require_name(place, obj)
        yield obj


def _placed(obj: KubeObject) -> KubeObject:
    """Return ``obj`` in the namespace that ``kubectl apply`` would put it in."""
    kind = KINDS.get(obj["kind"])
    metadata = obj.get("metadata")
    if kind and kind.namespaced and isinstance(metadata, dict) and not metadata.get("namespace"):
        return {**obj, "metadata": {**metadata, "namespace": "default"}}
    return obj


def _require_name(place: str, obj: KubeObject) -> None:
    # Names become parts of URLs. That of an Ingress does not, and holds back its hosts only.
    kind, key = KINDS.get(obj["kind"]), key_of(obj)
    if not kind or kind.name == "Ingress":
        return
    if not is_object_name(key.name) or (kind.namespaced and not is_dns_label(key.namespace)):
        raise ManifestError(
            f"{place} holds {kind.name} {key.name!r} of namespace {key.namespace!r}: both must be DNS names; "
            "correct or remove it"
        )
