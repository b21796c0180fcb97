# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the ingress-nginx workload and the Service that leads to it. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._bundle.bundle import Controller
from .._kube.objects import KubeObject, key_of, list_at, mapping_at, text_at
from .api import Api
from .errors import ClusterError

_BINARY = "nginx-ingress-controller"


class ControllerNotFoundError(ClusterError):
    """No ingress-nginx workload, or several of them, in the namespace; ``str()`` says what was found."""


def find_controller(api: Api, namespace: str, name: str = "") -> Controller:
    """Return the ingress-nginx workload of ``namespace``, the one called ``name`` where several run there.

    Raises ControllerNotFoundError, ApiError, UnreachableError.
    """
    found: list[tuple[KubeObject, dict[str, Any]]] = []
    for kind in ("Deployment", "DaemonSet"):
        for workload in api.list(kind, namespace):
            container = _controller_container(workload)
            if container and name in ("", key_of(workload).name):
                found.append((workload, container))
    if len(found) != 1:
        names = ", ".join(str(key_of(workload)) for workload, _ in found)
        raise ControllerNotFoundError(
            f"namespace {namespace!r} holds {len(found)} workloads that run {_BINARY}{f' ({names})' if names else ''}; "
            "set migration_nginx_namespace, and migration_nginx_name where several run in one namespace"
        )
    workload, container = found[0]
    return _describe(api, workload, container)


def _describe(api: Api, workload: KubeObject, container: Mapping[str, Any]) -> Controller:
    key = key_of(workload)
    arguments = tuple(_expand(text, container, key.namespace) for text in _arguments(container))
    configmap = next((text.partition("=")[2] for text in arguments if text.startswith("--configmap=")), "")
    namespace, _, name = configmap.partition("/")
    return Controller(
        key.kind,
        key.namespace,
        key.name,
        str(container.get("image") or ""),
        arguments,
        (namespace, name) if name else None,
        _service(api, workload, arguments),
    )


def _controller_container(workload: KubeObject) -> dict[str, Any] | None:
    containers: list[dict[str, Any]] = list_at(workload, "spec", "template", "spec", "containers")
    for container in containers:
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        if any(str(word).endswith(_BINARY) for word in words):
            return container
        # The image's own entry point is the controller; then arguments are all there is to see.
        if any(str(word).startswith("--controller-class=") for word in words):
            return container
    return None


def _arguments(container: Mapping[str, Any]) -> Iterator[str]:
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    return (str(word) for word in words if not str(word).endswith(_BINARY))


def _expand(text: str, container: Mapping[str, Any], namespace: str) -> str:
    """Fill in ``$(NAME)`` as a kubelet does, for literal values and the Pod's namespace."""
    for entry in container.get("env") or ():
        field = mapping_at(entry, "valueFrom", "fieldRef").get("fieldPath")
        value = namespace if field == "metadata.namespace" else entry.get("value")
        if value is not None:
            text = text.replace(f"$({entry.get('name')})", str(value))
    return text


def _service(api: Api, workload: KubeObject, arguments: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the Service that ``--publish-service`` names, else the one that selects the workload's Pods."""
    published = next((text.partition("=")[2] for text in arguments if text.startswith("--publish-service=")), "")
    namespace, _, name = published.partition("/")
    if name:
        return namespace, name
    labels = mapping_at(workload, "spec", "template", "metadata", "labels")
    for service in api.list("Service", key_of(workload).namespace):
        selector = mapping_at(service, "spec", "selector")
        exposes = any(port.get("port") in (80, 443) for port in list_at(service, "spec", "ports"))
        if selector and exposes and selector.items() <= labels.items() and text_at(service, "spec", "type") != "":
            return key_of(service).namespace, key_of(service).name
    return None
