# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP and UDP services: ports of nginx that lead to Services as they are (semantics.md 0.1, B.20). PRIVATE.

Source: ingress-nginx ``internal/ingress/controller/controller.go`` getStreamServices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from .._bundle.bundle import Bundle
from .._kube.objects import KubeObject, MalformedObjectError, ObjectKey, data_of, key_of, mappings_at
from .settings import Settings

TCP = "TCP"
UDP = "UDP"
_PORTS = range(1, 65536)
_RESERVED = frozenset((80, 442, 443, 8181, 10245, 10246, 10247, 10254))


@dataclass(frozen=True, slots=True)
class Stream:
    """One port of nginx and where it leads: ``namespace/service`` and the number of a port of it.

    ``source`` is the ConfigMap that says so, ``key`` its key, ``written`` the value. ``problem`` says why nginx does
    not serve the port, empty in the ordinary case. With ``reads_proxy`` nginx expects PROXY protocol headers from
    clients, with ``sends_proxy`` the backend does from nginx.
    """

    source: ObjectKey
    key: str
    written: str
    protocol: str
    port: int = 0
    namespace: str = ""
    service: str = ""
    number: int = 0
    reads_proxy: bool = False
    sends_proxy: bool = False
    problem: str = ""


def read_streams(bundle: Bundle, settings: Settings) -> list[Stream]:
    """Return what the controller's ConfigMaps of TCP and UDP services say, by protocol and port."""
    wanted = ((TCP, settings.tcp_services), (UDP, settings.udp_services))
    if not any(place for __, place in wanted):
        return []
    objects = {(key.kind, key.namespace, key.name): obj for obj in bundle.of("ConfigMap") for key in (key_of(obj),)}
    services = {(key.namespace, key.name): obj for obj in bundle.of("Service") for key in (key_of(obj),)}
    found = (
        _read(objects[("ConfigMap", *place)], protocol, services, bundle.serving)
        for protocol, place in wanted
        if place and ("ConfigMap", *place) in objects
    )
    return sorted((stream for streams in found for stream in streams), key=lambda item: (item.protocol, item.port))


def named_in(data: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the Services (namespace, name) that the data of a ConfigMap of services names."""
    for value in data.values():
        namespace, slash, name = value.partition(":")[0].partition("/")
        if slash and namespace and name:
            yield namespace, name


def _read(
    configmap: KubeObject,
    protocol: str,
    services: Mapping[tuple[str, str], KubeObject],
    serving: frozenset[tuple[str, str]] | None,
) -> Iterator[Stream]:
    try:
        data = data_of(configmap)
    except MalformedObjectError:
        return
    for key, value in sorted(data.items()):
        yield _stream(Stream(key_of(configmap), key, value, protocol), services, serving)


def _stream(
    found: Stream, services: Mapping[tuple[str, str], KubeObject], serving: frozenset[tuple[str, str]] | None
) -> Stream:
    place, *rest = found.written.split(":")
    namespace, __, name = place.partition("/")
    service = services.get((namespace, name))
    number = _number(service, rest[0], found.protocol) if service and rest else None
    problem = _problem_of_port(found.key)
    if not rest or not (namespace and name):
        problem = problem or "the value is not namespace/service:port"
    if service is None:
        problem = problem or f"Service {namespace}/{name} does not exist"
    if number is None:
        problem = problem or f"Service {namespace}/{name} has no {found.protocol} port {rest[0]}"
    if serving is not None and (namespace, name) not in serving:
        problem = problem or f"no endpoint of Service {namespace}/{name} is ready"
    if problem:
        return replace(found, problem=problem)
    reads, sends = ([flag.upper() == "PROXY" for flag in rest[1:3]] + [False, False])[:2]
    return replace(
        found,
        port=int(found.key),
        namespace=namespace,
        service=name,
        number=number or 0,
        reads_proxy=reads,
        sends_proxy=sends,
    )


def _problem_of_port(key: str) -> str:
    if not key.isascii() or not key.isdigit() or int(key) not in _PORTS:
        return "the key is no port"
    return "the port is one of nginx's own" if int(key) in _RESERVED else ""


def _number(service: KubeObject, written: str, protocol: str) -> int | None:
    for port in mappings_at(service, "spec", "ports"):
        number = port.get("port")
        named = written == (str(number) if written.isdigit() else port.get("name"))
        if named and (port.get("protocol") or TCP) == protocol and isinstance(number, int):
            return number
    return None
