# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services besides the backend that a route asks: inside of the cluster, or outside (semantics.md 0.4, SE). PRIVATE.

A Service of the cluster is known to the gateway. What is outside gets a ServiceEntry of the gateway's namespace that
nobody else sees, and a DestinationRule where it speaks TLS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .._istio.resources import istio_object
from .._kube.hosts import is_host, is_wildcard
from .._kube.names import generated_name
from .._kube.objects import KubeObject
from .options import Options

_IN_CLUSTER = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)\.svc")


class UnreachableTargetError(ValueError):
    """A service that the gateway cannot be told to ask; ``str()`` says why."""


@dataclass(frozen=True, slots=True, order=True)
class OutsideService:
    """A host and port outside of the cluster."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class Target:
    """A service as the gateway knows it: full name and port; ``outside`` is what has to be made known to it first.

    ``secured`` tells that it is a Service of ``namespace`` that speaks TLS.
    """

    host: str
    port: int
    outside: OutsideService | None = None
    secured: bool = False
    namespace: str = ""

    def cluster(self, subset: str = "") -> str:
        """Return Envoy's name of the service, or of a subset of it."""
        return f"outbound|{self.port}|{subset}|{self.host}"


def target_of(scheme: str, host: str, port: int, options: Options) -> Target:
    """Return the service at ``host`` and ``port``. Raises UnreachableTargetError."""
    if scheme not in ("http", "https"):
        raise UnreachableTargetError(f"{scheme} is no scheme that it speaks")
    name = host.lower().removesuffix(".").removesuffix(f".{options.cluster_domain}")
    found = _IN_CLUSTER.fullmatch(name)
    if found:
        return Target(f"{name}.{options.cluster_domain}", port, secured=scheme == "https", namespace=found[2])
    if not is_host(name) or is_wildcard(name) or "." not in name or name.rpartition(".")[2].isdigit():
        raise UnreachableTargetError(f"{host!r} is neither a Service of the cluster nor a full DNS name")
    return Target(name, port, OutsideService(name, port, scheme == "https"))


def outside_objects(services: Iterable[OutsideService], options: Options) -> Iterator[KubeObject]:
    """Yield what makes ``services`` known to the gateway."""
    ports: dict[str, dict[int, bool]] = {}
    for service in sorted(set(services)):
        ports.setdefault(service.host, {})[service.port] = service.tls
    for host, tls_of in ports.items():
        name = generated_name(f"outside-{host}", identity=("outside", host))
        spec = {
            "hosts": [host],
            "exportTo": ["."],
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "ports": [{"number": port, "name": f"http-{port}", "protocol": "HTTP"} for port in sorted(tls_of)],
        }
        yield istio_object("ServiceEntry", options.gateway_namespace, name, spec)
        # nginx shows the name and verifies no certificate.
        tls = {"mode": "SIMPLE", "sni": host, "insecureSkipVerify": True}
        settings = [{"port": {"number": port}, "tls": tls} for port, used in sorted(tls_of.items()) if used]
        if settings:
            policy = {"host": host, "exportTo": ["."], "trafficPolicy": {"portLevelSettings": settings}}
            yield istio_object("DestinationRule", options.gateway_namespace, name, policy)
