# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated clusters of any size, the same each time: several paths, TLS, CORS, shared wildcards."""

from __future__ import annotations

import random
from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import Bundle, Certificate

from manifests import Object, bundle, certificate, ingress, path, service

_SEED = 20261128
_PER_NAMESPACE = 10
_PATHS = (1, 2, 3, 5)
"""Paths of an Ingress, equally likely: 2.75 on average."""


def generated_cluster(size: int) -> Bundle:
    """Return a cluster with ``size`` Ingresses, ten in a namespace; a third of the hosts share a wildcard."""
    choose = random.Random(_SEED)  # noqa: S311 - the same clusters each time
    objects: list[Object] = []
    certificates: list[Certificate] = []
    for number in range(size):
        namespace = f"ns-{number // _PER_NAMESPACE:05}"
        if number % _PER_NAMESPACE == 0:
            objects += [service(f"svc-{index}", namespace) for index in range(_PER_NAMESPACE)]
            certificates.append(certificate("*.apps.example.test", secret="wildcard", namespace=namespace))
        obj, own = _ingress(number, namespace, choose)
        objects.append(obj)
        certificates += own
    return bundle(*objects, certificates=certificates)


def _ingress(number: int, namespace: str, choose: random.Random) -> tuple[Object, list[Certificate]]:
    shares = choose.random()
    host = f"h{number}.apps.example.test" if shares < 0.34 else f"h{number}.example.test"
    tls = "wildcard" if shares < 0.34 else f"cert-{number}" if shares < 0.7 else None
    own = [certificate(host, secret=f"cert-{number}", namespace=namespace)] if tls and tls != "wildcard" else []
    count = choose.choice(_PATHS)
    paths = [path("/" if not index else f"/p{index}/items", f"svc-{choose.randrange(10)}") for index in range(count)]
    annotations: dict[str, Any] = {}
    if choose.random() < 0.3:
        annotations |= {"enable-cors": "true", "cors-allow-origin": "https://*.example.test"}
    if choose.random() < 0.2:
        annotations["proxy-read-timeout"] = "3600"
    created = f"2024-01-{1 + number % 28:02}T00:00:00Z"
    fields = {"name": f"i-{number}", "namespace": namespace, "tls": tls, "created": created}
    return ingress(host, *paths, annotations=annotations, **fields), own
