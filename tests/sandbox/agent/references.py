# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ConfigMaps and Secrets a Pod refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.agent.configuration import CONFIG_MAP, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.agent.configuration import Reference


def references(pod: dict[str, Any]) -> set[Reference]:
    """Everything in volumes and environments."""
    namespace = pod["metadata"]["namespace"]
    named = [*_in_volumes(pod["spec"]), *_in_environments(pod["spec"])]
    return {(kind, namespace, name) for kind, name in named}


def _in_volumes(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for volume in spec.get("volumes") or []:
        for source in [volume, *((volume.get("projected") or {}).get("sources") or [])]:
            if source.get("configMap"):
                yield CONFIG_MAP, source["configMap"]["name"]
            if source.get("secret"):
                # A volume says secretName, a projected source says name.
                yield SECRET, source["secret"].get("secretName") or source["secret"]["name"]


def _in_environments(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for container in [*(spec.get("initContainers") or []), *spec["containers"]]:
        for source in container.get("envFrom") or []:
            if source.get("configMapRef"):
                yield CONFIG_MAP, source["configMapRef"]["name"]
            if source.get("secretRef"):
                yield SECRET, source["secretRef"]["name"]
        for variable in container.get("env") or []:
            value = variable.get("valueFrom") or {}
            if value.get("configMapKeyRef"):
                yield CONFIG_MAP, value["configMapKeyRef"]["name"]
            if value.get("secretKeyRef"):
                yield SECRET, value["secretKeyRef"]["name"]
