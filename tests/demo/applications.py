# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The applications of the demo: manifests by namespace, and what they declare about themselves.

Besides Kubernetes objects a file has objects of kind Backend, each short for a Deployment and a Service that run the
echo server. Each Ingress declares with `demo.sealos.io/expect` what becomes of its hosts, and may choose with
`demo.sealos.io/traffic` what its users send.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import yaml

from demo.errors import DemoError

FOLDER: Final = Path(__file__).with_name("applications")
EXPECT: Final = "demo.sealos.io/expect"
TRAFFIC: Final = "demo.sealos.io/traffic"
_ALLOWLIST: Final = "nginx.ingress.kubernetes.io/whitelist-source-range"

_HTTP_PORT: Final = {"name": "http", "port": 80, "targetPort": 8080}
_ADMIN_PORT: Final = 8081
# In this order, so that a namespace exists before what is in it, and a Service before its Ingress.
_KINDS: Final = ("Namespace", "Service", "Deployment", "Ingress")


class Expectation(StrEnum):
    """What becomes of a host; `left-alone` is that of another controller."""

    MIGRATED = "migrated"
    HELD_BACK = "held-back"
    ROLLED_BACK = "rolled-back"
    LEFT_ALONE = "left-alone"


class Traffic(StrEnum):
    """What the users of an Ingress send; `none` where another Ingress has the users of the same path."""

    HTTP = "http"
    HTTP2 = "http2"
    WEBSOCKET = "websocket"
    GRPC = "grpc"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Route:
    """One path of a host, and the Service that must answer there.

    `restricted` tells that only listed addresses are let in.
    """

    host: str
    path: str
    namespace: str
    service: str
    secure: bool
    traffic: Traffic
    restricted: bool

    @property
    def url(self) -> str:
        """For people."""
        return f"{'https' if self.secure else 'http'}://{self.host}{self.path}"


@dataclass(frozen=True, slots=True)
class Applications:
    """What is applied, and what is expected of it.

    `objects` are Kubernetes objects in the order in which they are applied, without Secrets; `certificates` are the
    names that each Secret (namespace, name) of an Ingress must cover; `expected` is by host.
    """

    objects: list[dict[str, Any]] = field(default_factory=list)
    expected: dict[str, Expectation] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    certificates: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def hosts(self, expectation: Expectation) -> set[str]:
        """The hosts that declare this."""
        return {host for host, declared in self.expected.items() if declared == expectation}

    def count(self, kind: str) -> int:
        """How many objects of a kind there are."""
        return sum(item["kind"] == kind for item in self.objects)


def read_applications(folder: Path = FOLDER) -> Applications:
    """Read all manifests of a folder; raises DemoError that names the file and the object."""
    applications = Applications()
    for path in sorted(folder.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            try:
                _take_in(document, applications)
            except (KeyError, TypeError, ValueError) as error:
                raise DemoError(f"{path.name}: {_name_of(document)} cannot be used: {error!r}") from error
    applications.objects.sort(key=lambda item: _KINDS.index(item["kind"]))
    return applications


def _name_of(document: Any) -> str:
    try:
        return f"{document['kind']} {document['metadata']['name']}"
    except (KeyError, TypeError):
        return "a document"


def _take_in(document: dict[str, Any], applications: Applications) -> None:
    if document["kind"] == "Backend":
        applications.objects.extend(_backend(document["metadata"], document.get("spec", {})))
        return
    if document["kind"] not in _KINDS:
        raise ValueError(f"there is no place in the order for kind {document['kind']}")
    applications.objects.append(document)
    if document["kind"] == "Ingress":
        _read_ingress(document["metadata"], document["spec"], applications)


def _read_ingress(metadata: dict[str, Any], spec: dict[str, Any], applications: Applications) -> None:
    annotations = metadata["annotations"]
    expectation = Expectation(annotations[EXPECT])
    for entry in spec.get("tls", ()):
        names = applications.certificates.setdefault((metadata["namespace"], entry["secretName"]), set())
        names.update(entry["hosts"])
    secure = {host for entry in spec.get("tls", ()) for host in entry["hosts"]}
    for rule in spec["rules"]:
        host = rule["host"]
        known = applications.expected.setdefault(host, expectation)
        if known != expectation:
            raise ValueError(f"host {host} is declared {known} by another Ingress, and {expectation} by this one")
        for path in rule["http"]["paths"]:
            applications.routes.append(
                Route(
                    host=host,
                    path=path["path"],
                    namespace=metadata["namespace"],
                    service=path["backend"]["service"]["name"],
                    secure=host in secure,
                    traffic=Traffic(annotations.get(TRAFFIC, Traffic.HTTP)),
                    restricted=_ALLOWLIST in annotations,
                )
            )


def _backend(metadata: dict[str, Any], spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The Deployment and the Service that a Backend is short for."""
    name = metadata["name"]
    labels = {"app.kubernetes.io/name": name}
    ports = spec.get("ports", [_HTTP_PORT])
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": labels, "ports": ports},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "containers": [_container(name, ports, spec.get("env", {}))],
                },
            },
        },
    }
    return [service, deployment]


def _container(name: str, ports: list[dict[str, Any]], variables: dict[str, str]) -> dict[str, Any]:
    environment = {
        "ECHO_SERVICE": name,
        # These do not depend on the plane, so that bodies can be compared.
        "ECHO_FIELDS": "service,namespace,path,method",
        # A proxy learns a moment later than the Pod that the Pod is going away.
        "ECHO_DRAIN_DELAY": "2s",
        **variables,
    }
    fields = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace"}
    return {
        "name": "echo",
        "image": "sandbox.invalid/echo",
        "env": [
            *({"name": key, "value": value} for key, value in environment.items()),
            *({"name": key, "valueFrom": {"fieldRef": {"fieldPath": path}}} for key, path in fields.items()),
        ],
        "ports": [{"name": port["name"], "containerPort": port["targetPort"]} for port in ports],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": _ADMIN_PORT}},
    }
