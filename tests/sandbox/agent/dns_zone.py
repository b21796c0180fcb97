# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the names of a cluster mean.

Source: https://github.com/kubernetes/dns/blob/master/docs/specification.md (schema 1.1.0).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox.agent import dns_message as dns
from sandbox.layout import DNS_DOMAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sandbox.agent.dns_message import Record

_MOST_ALIASES: Final = 8
_REVERSE_ZONE: Final = "in-addr.arpa"
_SERVICES: Final = ["svc", *DNS_DOMAIN.split(".")]
_PROTOCOLS: Final = ("_tcp", "_udp", "_sctp")
_PODS: Final = ["pod", *DNS_DOMAIN.split(".")]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A ready endpoint of a headless Service: its address, and the name it has below the Service."""

    address: str
    hostname: str
    ports: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Zone:
    """Names, answered from Services and EndpointSlices as they are at that moment."""

    service: Callable[[str, str], dict[str, Any] | None]
    """By namespace and name."""
    slices: Callable[[str, str], Iterable[dict[str, Any]]]
    """EndpointSlices of a Service, by namespace and name."""
    service_at: Callable[[str], dict[str, Any] | None]
    """By ClusterIP."""

    def lookup(self, name: str) -> list[Record] | None:
        """All records of a name, whatever their type; None when there is no such name."""
        if name.endswith(f".{_REVERSE_ZONE}"):
            return self._reverse(name)
        labels = name.split(".")
        if labels[-len(_PODS) :] == _PODS:
            return self._pod(name, labels[: -len(_PODS)])
        if labels[-len(_SERVICES) :] != _SERVICES:
            return [] if f".{DNS_DOMAIN}".endswith(f".{name}") else None
        return self._service(name, labels[: -len(_SERVICES)])

    def resolve(self, name: str) -> list[Record] | None:
        """As lookup(), with what the aliases lead to inside the cluster."""
        records = self.lookup(name)
        found = list(records) if records else []
        for _ in range(_MOST_ALIASES):
            if not found or found[-1].type is not dns.Type.CNAME:
                break
            found += self.lookup(self._target(found[-1])) or []
        return None if records is None else found

    def _target(self, record: Record) -> str:
        labels, rest = [], record.data
        while rest[0]:
            labels.append(rest[1 : rest[0] + 1].decode().lower())
            rest = rest[rest[0] + 1 :]
        return ".".join(labels)

    def _pod(self, name: str, labels: list[str]) -> list[Record] | None:
        """`198-18-1-7.NAMESPACE.pod.cluster.local`, for any address, as CoreDNS does with `pods insecure`."""
        if len(labels) <= 1:
            return []
        try:
            return [dns.address(name, str(ipaddress.IPv4Address(labels[0].replace("-", "."))))]
        except ValueError:
            return None

    def _service(self, name: str, labels: list[str]) -> list[Record] | None:
        if len(labels) <= 1:  # svc.cluster.local and NAMESPACE.svc.cluster.local exist and have no records
            return []
        *below, service_name, namespace = labels
        service = self.service(namespace, service_name)
        if service is None:
            return None
        if below:
            return self._below_service(name, service, below)
        if service["spec"].get("type") == "ExternalName":
            return [dns.alias(name, service["spec"]["externalName"].rstrip("."))]
        if _is_headless(service):
            return [dns.address(name, address) for address in self._addresses(namespace, service_name)]
        return [dns.address(name, service["spec"]["clusterIP"])]

    def _below_service(self, name: str, service: dict[str, Any], below: list[str]) -> list[Record] | None:
        """`_PORT._PROTOCOL.SERVICE...`, or `HOSTNAME.SERVICE...` for an endpoint."""
        if len(below) == 2 and below[1] in _PROTOCOLS:
            return self._ports(name, service, below[0], below[1]) or None
        if below[0] in _PROTOCOLS:
            return []
        if len(below) > 1 or not _is_headless(service):
            return None
        metadata = service["metadata"]
        endpoints = self._endpoints(metadata["namespace"], metadata["name"])
        return [dns.address(name, item.address) for item in endpoints if item.hostname == below[0]] or None

    def _addresses(self, namespace: str, service: str) -> list[str]:
        return list(dict.fromkeys(item.address for item in self._endpoints(namespace, service)))

    def _endpoints(self, namespace: str, service: str) -> Iterator[Endpoint]:
        for item in self.slices(namespace, service):
            ports = tuple(
                (port.get("name") or "", port.get("protocol") or "TCP", port["port"])
                for port in item.get("ports") or []
                if port.get("port") is not None
            )
            for endpoint in item.get("endpoints") or []:
                if endpoint.get("conditions", {}).get("ready", True):
                    for address in endpoint["addresses"]:
                        yield Endpoint(address, endpoint.get("hostname") or address.replace(".", "-"), ports)

    def _ports(self, name: str, service: dict[str, Any], port_label: str, protocol_label: str) -> list[Record]:
        """SRV records: for the Service itself, or for each endpoint of a headless one."""
        wanted = (port_label.removeprefix("_"), protocol_label.removeprefix("_").upper())
        parent = name.split(".", 2)[2]
        if not _is_headless(service):
            return [
                dns.service(name, port["port"], parent)
                for port in service["spec"].get("ports") or []
                if (port.get("name"), port.get("protocol", "TCP")) == wanted
            ]
        metadata = service["metadata"]
        return [
            dns.service(name, port, f"{item.hostname}.{parent}")
            for item in self._endpoints(metadata["namespace"], metadata["name"])
            for port_name, protocol, port in item.ports
            if (port_name, protocol) == wanted
        ]

    def _reverse(self, name: str) -> list[Record] | None:
        labels = name.removesuffix(f".{_REVERSE_ZONE}").split(".")
        service = self.service_at(".".join(reversed(labels)))
        if service is None:
            return None
        metadata = service["metadata"]
        target = f"{metadata['name']}.{metadata['namespace']}.{'.'.join(_SERVICES)}"
        return [dns.pointer(name, target)]


def _is_headless(service: dict[str, Any]) -> bool:
    return bool(service["spec"].get("clusterIP", "None") == "None")


def answer(zone: Zone, message: bytes, *, over_udp: bool) -> bytes | None:
    """The response to a message; None where none can be given."""
    try:
        query = dns.parse(message)
    except dns.MessageError:
        return None
    limit = query.udp_limit if over_udp else None
    if not query.is_standard:
        return dns.response(query, dns.Code.NOT_IMPLEMENTED, limit=limit)
    records = zone.resolve(query.name)
    authority = [dns.start_of_authority(DNS_DOMAIN)]
    if records is None:
        return dns.response(query, dns.Code.NAME_ERROR, authorities=authority, limit=limit)
    wanted = [record for record in records if query.type in (record.type, dns.Type.ANY) or _is_alias(record)]
    return dns.response(query, dns.Code.NO_ERROR, wanted, [] if wanted else authority, limit)


def _is_alias(record: Record) -> bool:
    return record.type is dns.Type.CNAME
