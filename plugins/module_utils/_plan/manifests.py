# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as manifests for a GitOps repository (design.md, The plan on disk). PRIVATE to the collection.

::

    manifests/<namespace>/<kind>-<name>.yaml       one object
    manifests/<namespace>/kustomization.yaml       all objects of the folder

No Secret is among them: a finding of the plan says which ones must be brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._kube.objects import KubeObject, key_of
from .._kube.yaml import as_yaml

FOLDER = "manifests"


def manifest_files(objects: Iterable[KubeObject]) -> Iterator[tuple[str, str]]:
    """Yield names and texts of the files for ``objects``, whose names are legal names of objects."""
    names: dict[str, list[str]] = {}
    for obj in objects:
        key = key_of(obj)
        name = f"{key.kind.lower()}-{key.name}.yaml"
        names.setdefault(key.namespace, []).append(name)
        yield f"{FOLDER}/{key.namespace}/{name}", as_yaml(obj)
    for namespace, found in sorted(names.items()):
        yield f"{FOLDER}/{namespace}/kustomization.yaml", as_yaml(_kustomization(found))


def _kustomization(names: Iterable[str]) -> Mapping[str, Any]:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(names),
    }
