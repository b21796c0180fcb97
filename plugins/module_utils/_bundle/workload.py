# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the ingress-nginx workload: arguments, ConfigMap, Service. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._kube.objects import KubeObject, key_of, list_at, mapping_at
from .bundle import Controller

_BINARY = "nginx-ingress-controller"


def runs_controller(workload: KubeObject) -> bool:
    """Tell whether a Deployment or DaemonSet runs ingress-nginx."""
    return _container(workload) is not None


def describe(workload: KubeObject, services: Iterable[KubeObject]) -> Controller:
    """Return the controller of a workload for which :func:`runs_controller` holds.

    ``services`` are those of its namespace. Raises ValueError for another workload.
    """
    key = key_of(workload)
    container = _container(workload)
    if container is None:
        raise ValueError(f"{key} does not run {_BINARY}")
    arguments = tuple(_expand(text, container, key.namespace) for text in _arguments(container))
    namespace, _, name = _flag("--configmap", arguments).partition("/")
    return Controller(
        key.kind,
        key.namespace,
        key.name,
        str(container.get("image") or ""),
        arguments,
        (namespace, name) if name else None,
        _service(workload, services, arguments),
    )


def _container(workload: KubeObject) -> dict[str, Any] | None:
    containers: list[dict[str, Any]] = list_at(workload, "spec", "template", "spec", "containers")
    for container in containers:
        words = _words(container)
        # Where the image's own entry point is the controller, its arguments are all there is to see.
        if any(word.endswith(_BINARY) or word.startswith("--controller-class=") for word in words):
            return container
    return None


def _words(container: Mapping[str, Any]) -> list[str]:
    return [str(word) for word in [*(container.get("command") or ()), *(container.get("args") or ())]]


def _arguments(container: Mapping[str, Any]) -> Iterator[str]:
    return (word for word in _words(container) if not word.endswith(_BINARY))


def _expand(text: str, container: Mapping[str, Any], namespace: str) -> str:
    """Fill in ``$(NAME)`` as a kubelet does, for literal values and the Pod's namespace."""
    for entry in container.get("env") or ():
        field = mapping_at(entry, "valueFrom", "fieldRef").get("fieldPath")
        value = namespace if field == "metadata.namespace" else entry.get("value")
        if value is not None:
            text = text.replace(f"$({entry.get('name')})", str(value))
    return text


def _flag(name: str, arguments: Iterable[str]) -> str:
    return next((text.partition("=")[2] for text in arguments if text.startswith(f"{name}=")), "")


def _service(workload: KubeObject, services: Iterable[KubeObject], arguments: Iterable[str]) -> tuple[str, str] | None:
    """Return the Service that ``--publish-service`` names, else the first that leads web ports to the Pods."""
    namespace, _, name = _flag("--publish-service", arguments).partition("/")
    if name:
        return namespace, name
    labels = mapping_at(workload, "spec", "template", "metadata", "labels")
    for service in services:
        selector = mapping_at(service, "spec", "selector")
        exposes = any(port.get("port") in (80, 443) for port in list_at(service, "spec", "ports"))
        if selector and exposes and selector.items() <= labels.items():
            return key_of(service).namespace, key_of(service).name
    return None
