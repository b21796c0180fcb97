# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications behind ingress-nginx, small enough that a whole cluster of them is proven in a second."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.pki import Authority, Identity

Object = dict[str, Any]

DOMAIN = "example.test"
REFUSES_THE_GATEWAY = {"ECHO_REFUSE_HEADER": "x-envoy-attempt-count"}
"""Settings of an application that breaks on Istio: only the gateway adds that header."""
_ANNOTATIONS = "nginx.ingress.kubernetes.io"


def namespace(name: str) -> Object:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def application(namespace: str, settings: Mapping[str, str] | None = None) -> list[Object]:
    """An echo backend ``web`` with its Service on port 80; it answers with its namespace and the path."""
    labels = {"app": "web"}
    metadata = {"name": "web", "namespace": namespace}
    environment = {"ECHO_SERVICE": namespace, "ECHO_FIELDS": "service,path", **(settings or {})}
    container = {
        "name": "web",
        "image": "sandbox.example/echo:1",
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8081}, "periodSeconds": 1},
        "lifecycle": {"preStop": {"sleep": {"seconds": 1}}},
    }
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 5}}
    deployment = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    service = {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": deployment},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service},
    ]


def ingress(
    namespace: str,
    host: str,
    *paths: str,
    secret: str = "",
    name: str = "web",
    annotations: Mapping[str, str] | None = None,
) -> Object:
    """An Ingress of the application in ``namespace`` for ``host``; without ``paths`` for all of them."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rules = [{"path": path, "pathType": "Prefix", "backend": backend} for path in paths or ("/",)]
    spec: Object = {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": rules}}]}
    if secret:
        spec["tls"] = [{"hosts": [host], "secretName": secret}]
    named = {f"{_ANNOTATIONS}/{key}": value for key, value in (annotations or {}).items()}
    metadata = {"name": name, "namespace": namespace, "annotations": named}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def certificate(namespace: str, name: str, hosts: Sequence[str]) -> Object:
    """A TLS Secret with a new certificate for ``hosts``."""
    crt, key = Authority.new("test-ca").issue(Identity(name, hosts[0], alternative_names=tuple(hosts)))
    data = {"tls.crt": base64.b64encode(crt).decode(), "tls.key": base64.b64encode(key).decode()}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "data": data}
