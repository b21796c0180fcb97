# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What annotations refer to: ConfigMaps, Secrets, Services (semantics.md 0.1). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._bundle.bundle import Bundle, Certificate
from .._bundle.secrets import SecretFacts
from .._kube.objects import KubeObject, data_of, key_of

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class References:
    """The objects of a bundle that annotations name, by namespace and name.

    ``assumed`` tells that only manifests are at hand: what is missing there may exist in the cluster.
    """

    configmaps: Mapping[Place, Mapping[str, str]] = field(default_factory=dict)
    secrets: Mapping[Place, SecretFacts] = field(default_factory=dict)
    certificates: Mapping[Place, Certificate] = field(default_factory=dict)
    services: Mapping[Place, KubeObject] = field(default_factory=dict)
    assumed: bool = False


def references_of(bundle: Bundle) -> References:
    """Return what the annotations of ``bundle`` may refer to."""
    configmaps = {(key.namespace, key.name): data_of(obj) for obj in bundle.of("ConfigMap") for key in (key_of(obj),)}
    services = {(key.namespace, key.name): obj for obj in bundle.of("Service") for key in (key_of(obj),)}
    return References(configmaps, bundle.secrets, bundle.certificates, services, bundle.controller is None)


def split_reference(text: str, namespace: str) -> Place | None:
    """Return the place that ``name`` or ``namespace/name`` means for an Ingress of ``namespace``, None for neither.

    Source: ingress-nginx ``internal/k8s/main.go`` ParseNameNS, and the annotations that prepend the namespace.
    """
    parts = text.split("/")
    if len(parts) == 1 and parts[0]:
        return namespace, parts[0]
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else None  # noqa: PLR2004 - namespace and name
