# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echo backends for every Service that the Ingresses of the fixtures name, many in one Pod."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from golden.probes import NAMESPACE, Object

_PER_POD = 12
_FIRST_PORT = 9000
_MISSING = frozenset({"missing", "idle", "half", "refusing", "resource"})


def identity(service: str) -> str:
    """Return who answers behind a Service: p1, p2 and so on share one backend, p."""
    return service.rstrip("0123456789")


def backends(ingresses: Iterable[Object]) -> list[Object]:
    """Return Deployments and Services for all Services that Ingresses name, and for those that annotations name."""
    wanted: dict[tuple[str, str], None] = {(NAMESPACE, "auth"): None, (NAMESPACE, "mir"): None}
    for ingress in ingresses:
        for name in _named(ingress["spec"]):
            if identity(name) not in _MISSING:
                wanted[ingress["metadata"]["namespace"], name] = None
    objects: list[Object] = []
    for namespace in sorted({namespace for namespace, _ in wanted}):
        names = [name for place, name in wanted if place == namespace]
        objects += deployed(namespace, names)
    return [*objects, *_half()]


def _named(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        if isinstance(value.get("service"), dict):
            yield value["service"]["name"]
        for item in value.values():
            yield from _named(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item)


def deployed(namespace: str, names: Sequence[str]) -> list[Object]:
    """Return Deployments and Services for Services of one namespace."""
    kinds = list(dict.fromkeys(identity(name) for name in names))
    objects: list[Object] = []
    ports: dict[str, tuple[str, int]] = {}
    single = [kind for kind in kinds if kind not in ("web", "three", "mir")]
    for start in range(0, len(single), _PER_POD):
        label = f"echo-{start // _PER_POD}"
        here = single[start : start + _PER_POD]
        ports |= {kind: (label, _FIRST_PORT + number) for number, kind in enumerate(here)}
        containers = [
            container(kind, f":{_FIRST_PORT + number}", "none", f":{_FIRST_PORT + 500 + number}")
            for number, kind in enumerate(here)
        ]
        objects.append(deployment(namespace, label, containers))
    if "web" in kinds:
        ports["web"] = ("web", 8080)
        objects.append(deployment(namespace, "web", [container("web", ":8080,:8082", ":8443", ":8081")]))
    if "mir" in kinds:
        ports["mir"] = ("mir", 8080)
        objects.append(deployment(namespace, "mir", [container("mir", ":8080", "none", ":8081")]))
    if "three" in kinds:
        ports["three"] = ("three", 8080)
        objects.append(deployment(namespace, "three", [container("three", ":8080", "none", ":8081")], replicas=3))
    return objects + [_service(namespace, name, *ports[identity(name)]) for name in names]


def _half() -> list[Object]:
    labels = {"half": "true"}
    listens = container("half", ":8090", "none", ":8081")
    refuses = container("half", ":8099", "none", ":8081")
    return [
        deployment(NAMESPACE, "half-listens", [listens], labels=labels),
        deployment(NAMESPACE, "half-refuses", [refuses], labels=labels),
    ]


def container(kind: str, http: str, https: str, admin: str) -> Object:
    """Return an echo container that answers as ``kind`` on its addresses."""
    environment: Object = {"ECHO_SERVICE": kind, "ECHO_HTTP": http, "ECHO_HTTPS": https, "ECHO_ADMIN": admin}
    entries: list[Object] = [{"name": name, "value": value} for name, value in environment.items()]
    for name, path in (("POD_NAME", "metadata.name"), ("POD_NAMESPACE", "metadata.namespace")):
        entries.append({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}})
    return {"name": kind, "image": "sandbox.example/echo:1", "env": entries}


def deployment(
    namespace: str,
    name: str,
    containers: Sequence[Object],
    replicas: int = 1,
    labels: dict[str, str] | None = None,
) -> Object:
    """Return a Deployment; its Pods have the label ``app`` and those given."""
    selector = {"app": name}
    spec = {"containers": list(containers), "terminationGracePeriodSeconds": 2, "enableServiceLinks": False}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": selector | (labels or {})}, "spec": spec},
        },
    }


def _service(namespace: str, name: str, app: str, port: int) -> Object:
    ports: list[Object] = [{"name": "http", "port": 80, "targetPort": port}]
    if app == "web":
        ports += [
            {"name": "https", "port": 8443, "targetPort": 8443},
            {"name": "grpc", "port": 8082, "targetPort": 8082},
        ]
    if app == "mir":
        ports.append({"name": "admin", "port": 8081, "targetPort": 8081})
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": app}, "ports": ports},
    }
