# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to write the objects of a test cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.admission import admit
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import (
    Bundle,
    Certificate,
    Controller,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.secrets import SecretFacts

PREFIX = "nginx.ingress.kubernetes.io"

Object = dict[str, Any]


def path(text: str, service: str = "web", port: int | str = 80, type_: str | None = "Prefix") -> Object:
    """Return one path of a rule; ``service`` empty makes a path without Service backend."""
    entry: Object = {"path": text, "pathType": type_, "backend": backend(service, port)}
    if not service:
        entry["backend"] = {"resource": {"apiGroup": "k8s.example.test", "kind": "Bucket", "name": "static"}}
    return entry


def backend(service: str, port: int | str = 80) -> Object:
    """Return the backend of a path, or a default backend."""
    return {"service": {"name": service, "port": {"number": port} if isinstance(port, int) else {"name": port}}}


def ingress(
    host: str | Sequence[str],
    *paths: Object,
    name: str = "web",
    namespace: str = "shop",
    annotations: Mapping[str, str] | None = None,
    tls: str | None = None,
    created: str = "2024-01-01T00:00:00Z",
    class_name: str | None = "nginx",
    default: Object | None = None,
) -> Object:
    """Return an Ingress with the same paths (default ``/``) for each host; ``tls`` names the Secret for all hosts."""
    hosts = [host] if isinstance(host, str) else list(host)
    rules = [{"host": item, "http": {"paths": list(paths) or [path("/")]}} for item in hosts]
    spec: Object = {"rules": [{k: v for k, v in rule.items() if v} for rule in rules]}
    if class_name is not None:
        spec["ingressClassName"] = class_name
    if tls is not None:
        spec["tls"] = [{"hosts": hosts, "secretName": tls}]
    if default is not None:
        spec["defaultBackend"] = default
    named = {f"{PREFIX}/{key}": value for key, value in (annotations or {}).items()}
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": created, "annotations": named}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def service(name: str = "web", namespace: str = "shop", ports: Sequence[Object] | None = None, **spec: Any) -> Object:
    """Return a Service; its one port is 80 by default."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"ports": list(ports or [{"name": "http", "port": 80, "targetPort": 8080}]), **spec},
    }


def ingress_class(name: str = "nginx", controller: str = "k8s.io/ingress-nginx") -> Object:
    """Return an IngressClass."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": name},
        "spec": {"controller": controller},
    }


def certificate(*names: str, secret: str = "cert", namespace: str = "shop", **fields: str) -> Certificate:
    """Return a certificate that is valid for ``names``; its fingerprint follows from them."""
    print_ = "-".join(names)
    return Certificate(
        namespace,
        secret,
        names,
        not_before="2024-01-01T00:00:00Z",
        not_after="2034-01-01T00:00:00Z",
        **{"fingerprint": print_, "chain": print_, **fields},
    )


def bundle(
    *objects: Object,
    certificates: Sequence[Certificate] = (),
    secrets: Sequence[SecretFacts] = (),
    arguments: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    serving: frozenset[tuple[str, str]] | None = None,
    image: str = "",
) -> Bundle:
    """Return a bundle with the class ``nginx``, the controller with ``arguments``, and the ConfigMap ``settings``.

    ``image`` is that of the controller, of release 1.15 where it is empty.
    """
    configmap: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "ingress-nginx-controller", "namespace": "ingress-nginx"},
        "data": dict(settings or {}),
    }
    admission = admit(("", obj) for obj in (ingress_class(), configmap, *objects))
    by_kind = admission.objects
    services = {(obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in by_kind.get("Service", [])}
    return Bundle(
        cluster="test",
        objects=by_kind,
        refusals=admission.refusals,
        certificates={(item.namespace, item.name): item for item in certificates},
        secrets={(item.namespace, item.name): item for item in secrets},
        serving=frozenset(services) if serving is None else serving,
        controller=Controller(
            "Deployment",
            "ingress-nginx",
            "ingress-nginx-controller",
            image or "registry.example.test/ingress-nginx/controller:v1.15.1",
            tuple(arguments),
            ("ingress-nginx", "ingress-nginx-controller"),
            ("ingress-nginx", "ingress-nginx-controller"),
        ),
        server_version="v1.36.3",
    )
