# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the ingress-nginx workload: arguments, ConfigMap, Service. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._kube.objects import KubeObject, MalformedObjectError, key_of, mapping_at, mappings_at
from .bundle import Controller

_BINARY = "nginx-ingress-controller"
_WEB_PORTS = (80, 443)


def runs_controller(workload: KubeObject) -> bool:
    """Tell whether a Deployment or DaemonSet runs ingress-nginx."""
    return _container(workload) is not None


def describe(workload: KubeObject, services: Iterable[KubeObject]) -> Controller:
    """Return the controller of a workload for which :func:`runs_controller` holds.

    Of ``services`` only those of its namespace count. Raises ValueError for another workload, MalformedObjectError.
    """
    key = key_of(workload)
    container = _container(workload)
    if container is None:
        raise ValueError(f"{key} does not run {_BINARY}")
    variables = list(_variables(workload, container))
    arguments = tuple(_expand(text, variables) for text in _words(workload, container) if not text.endswith(_BINARY))
    flags = parse_flags(arguments)
    namespace, __, name = flags.get("configmap", "").partition("/")
    return Controller(
        key.kind,
        key.namespace,
        key.name,
        str(container.get("image") or ""),
        arguments,
        (namespace, name) if name else None,
        _service(workload, services, flags.get("publish-service", "")),
    )


def parse_flags(arguments: Iterable[str]) -> dict[str, str]:
    """Return flag → value as pflag reads them: ``--flag=value``, ``--flag value``, bare flags are true."""
    values: dict[str, str] = {}
    pending = ""
    for argument in arguments:
        if argument.startswith("-"):
            name, equals, value = argument.lstrip("-").partition("=")
            values[name] = value if equals else "true"
            pending = "" if equals else name
        elif pending:
            values[pending] = argument
            pending = ""
    return values


def _container(workload: KubeObject) -> dict[str, Any] | None:
    for container in mappings_at(workload, "spec", "template", "spec", "containers"):
        words = _words(workload, container)
        # Where the image's own entry point is the controller, its arguments are all there is to see.
        if any(word.endswith(_BINARY) or word.startswith("--controller-class=") for word in words):
            return container
    return None


def _words(workload: KubeObject, container: Mapping[str, Any]) -> list[str]:
    return [str(word) for field in ("command", "args") for word in _entries(workload, container, field)]


def _entries(workload: KubeObject, container: Mapping[str, Any], field: str) -> list[Any]:
    found = container.get(field) or []
    if not isinstance(found, list):
        raise MalformedObjectError(
            key_of(workload), f"spec.template.spec.containers[{container.get('name')}].{field}", "a list", found
        )
    return found


def _variables(workload: KubeObject, container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the environment as far as it is known from here: literal values and the Pod's namespace."""
    for entry in _entries(workload, container, "env"):
        if isinstance(entry, dict):
            of_pod = _field_path(entry) == "metadata.namespace"
            value = key_of(workload).namespace if of_pod else entry.get("value")
            if value is not None:
                yield str(entry.get("name")), str(value)


def _field_path(entry: Mapping[str, Any]) -> Any:
    source = entry.get("valueFrom")
    reference = source.get("fieldRef") if isinstance(source, dict) else None
    return reference.get("fieldPath") if isinstance(reference, dict) else None


def _expand(text: str, variables: Iterable[tuple[str, str]]) -> str:
    """Fill in ``$(NAME)`` as a kubelet does."""
    for name, value in variables:
        text = text.replace(f"$({name})", value)
    return text


def _service(workload: KubeObject, services: Iterable[KubeObject], published: str) -> tuple[str, str] | None:
    """Return the Service that ``--publish-service`` names, else the first that leads web ports to the Pods."""
    namespace, __, name = published.partition("/")
    if name:
        return namespace, name
    home = key_of(workload).namespace
    labels = mapping_at(workload, "spec", "template", "metadata", "labels")
    for service in services:
        if key_of(service).namespace != home:
            continue
        selector = mapping_at(service, "spec", "selector")
        exposes = any(port.get("port") in _WEB_PORTS for port in mappings_at(service, "spec", "ports"))
        if selector and exposes and selector.items() <= labels.items():
            return home, key_of(service).name
    return None
