# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backends: from what an Ingress writes to a port of a Service (semantics.md B.5). PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from .._kube.objects import KubeObject, mappings_at, text_at
from .ingress import Backend
from .settings import Settings
from .site import Problem, ServicePort, Upstream


class Upstreams:
    """Makes each upstream once: all locations of one backend share one :class:`Upstream`."""

    def __init__(
        self,
        services: Mapping[tuple[str, str], KubeObject],
        serving: frozenset[tuple[str, str]] | None,
        settings: Settings,
    ) -> None:
        self._services = services
        self._serving = serving
        self._settings = settings
        self._made: dict[tuple[str, str, str], Upstream] = {}

    def get(self, namespace: str, backend: Backend) -> Upstream:
        """Return the upstream of ``backend`` in ``namespace``."""
        key = (namespace, backend.service, str(backend.port))
        if key not in self._made:
            self._made[key] = self._make(*key)
        return self._made[key]

    def _make(self, namespace: str, name: str, written: str) -> Upstream:
        service = self._services.get((namespace, name))
        if service is None:
            return Upstream(namespace, name, written, None, Problem.NO_SERVICE)
        if text_at(service, "spec", "type") == "ExternalName":
            target = text_at(service, "spec", "externalName")
            port = external_port(service, written)
            usable = port and is_external_name(target) and not self._settings.disable_external_names
            problem = Problem.NONE if usable else Problem.NO_ENDPOINTS
            return Upstream(namespace, name, written, port if usable else None, problem, external_name=target)
        port = service_port(service, written)
        if port is None:
            return Upstream(namespace, name, written, None, Problem.NO_PORT)
        ready = self._serving is None or (namespace, name) in self._serving
        return Upstream(namespace, name, written, port, Problem.NONE if ready else Problem.NO_ENDPOINTS)


def service_port(service: KubeObject, written: str) -> ServicePort | None:
    """Return the port that nginx takes for ``written``: the first whose number, targetPort or name it is."""
    for port in mappings_at(service, "spec", "ports"):
        number = port.get("port")
        # An absent targetPort is the port itself: the API server fills it in, manifests leave it out.
        target = port.get("targetPort") or number
        if written in (str(number), str(target), port.get("name")) and isinstance(number, int):
            return ServicePort(number, port.get("name") or "", declared_protocol(port))
    return None


def external_port(service: KubeObject, written: str) -> ServicePort | None:
    """Return the port that nginx asks of an ExternalName Service: the target of a listed port, else the number itself.

    Source: ingress-nginx ``controller.externalNamePorts``.
    """
    for port in mappings_at(service, "spec", "ports"):
        number, target = port.get("port"), port.get("targetPort")
        if written in (str(number), port.get("name")) and isinstance(number, int):
            return ServicePort(target if isinstance(target, int) and target else number, "", "")
    return ServicePort(int(written), "", "") if written.isdigit() else None


_CLUSTER_SERVICE = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?", re.ASCII)
_EXTERNAL_NAME = re.compile(r"(?=[^.]*\.)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.?", re.ASCII)


def is_external_name(name: str) -> bool:
    """Tell whether nginx asks an external name: a DNS name, or an address that is not its own."""
    try:
        return not ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name != "localhost" and _EXTERNAL_NAME.fullmatch(name) is not None


def cluster_service(name: str) -> tuple[str, str] | None:
    """Return namespace and name of the Service that an external name is an alias of, None for names outside."""
    found = _CLUSTER_SERVICE.fullmatch(name.removesuffix("."))
    return (found[2], found[1]) if found else None


def declared_protocol(port: Mapping[str, object]) -> str:
    """Return the protocol that Istio reads from a Service port: appProtocol, else the name up to its first dash.

    Empty when neither says anything (istio.io/istio pkg/config/protocol, semantics.md B.8).
    """
    declared = port.get("appProtocol")
    if isinstance(declared, str) and declared:
        return {"kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "https"}.get(
            declared, declared.lower()
        )
    name = port.get("name")
    prefix = name.partition("-")[0].lower() if isinstance(name, str) else ""
    return prefix if prefix in _PROTOCOLS else ""


_PROTOCOLS = frozenset(
    ("grpc", "grpc-web", "http", "http2", "https", "hbone", "mongo", "mysql", "redis", "tcp", "tls", "udp")
)
