# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import struct
from typing import Any

import pytest

from sandbox.agent import dns_message as dns
from sandbox.agent.dns_message import Type
from sandbox.agent.dns_zone import Zone, answer

_SERVICES: dict[tuple[str, str], dict[str, Any]] = {
    ("shop", "web"): {
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"type": "ClusterIP", "clusterIP": "198.19.0.7", "ports": [{"name": "http", "port": 80}]},
    },
    ("shop", "db"): {"metadata": {"namespace": "shop", "name": "db"}, "spec": {"clusterIP": "None"}},
    ("shop", "outside"): {
        "metadata": {"namespace": "shop", "name": "outside"},
        "spec": {"type": "ExternalName", "externalName": "example.test."},
    },
    ("shop", "inside"): {
        "metadata": {"namespace": "shop", "name": "inside"},
        "spec": {"type": "ExternalName", "externalName": "web.shop.svc.cluster.local"},
    },
    ("shop", "loop"): {
        "metadata": {"namespace": "shop", "name": "loop"},
        "spec": {"type": "ExternalName", "externalName": "loop.shop.svc.cluster.local"},
    },
}
_SLICE: dict[str, Any] = {
    "ports": [{"name": "sql", "port": 5432, "protocol": "TCP"}],
    "endpoints": [
        {"addresses": ["198.18.1.4"], "hostname": "db-0", "conditions": {"ready": True}},
        {"addresses": ["198.18.1.5"], "hostname": "db-1", "conditions": {"ready": False}},
        {"addresses": ["198.18.1.6"], "conditions": {}},
    ],
}
_ZONE = Zone(
    service=lambda namespace, name: _SERVICES.get((namespace, name)),
    slices=lambda namespace, name: [_SLICE] if (namespace, name) == ("shop", "db") else [],
    service_at=lambda address: _SERVICES["shop", "web"] if address == "198.19.0.7" else None,
)


def _query(name: str, kind: int = Type.A, *, edns: int | None = None) -> bytes:
    head = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0 if edns is None else 1)
    option = b"" if edns is None else b"\0" + struct.pack(">HHIH", Type.OPT, edns, 0, 0)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return head + labels + b"\0" + struct.pack(">HH", kind, 1) + option


def _ask(name: str, kind: int = Type.A) -> tuple[int, list[tuple[int, bytes]]]:
    """Code, and type and data of the answers."""
    response = answer(_ZONE, _query(name, kind), over_udp=True)
    assert response is not None
    identifier, flags, questions, answers, _, _ = struct.unpack_from(">HHHHHH", response)
    assert (identifier, flags & 0x8500, questions) == (7, 0x8500, 1)
    offset = len(_query(name, kind))
    found = []
    for _ in range(answers):
        while response[offset]:
            offset += response[offset] + 1
        record, _, _, length = struct.unpack_from(">HHIH", response, offset + 1)
        offset += 11 + length
        found.append((record, response[offset - length : offset]))
    return flags & 0xF, found


def _addresses(name: str) -> list[str]:
    return [socket.inet_ntoa(data) for kind, data in _ask(name)[1] if kind == Type.A]


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("web.shop.svc.cluster.local", ["198.19.0.7"]),
        ("WEB.shop.SVC.cluster.local", ["198.19.0.7"]),
        ("db.shop.svc.cluster.local", ["198.18.1.4", "198.18.1.6"]),
        ("db-0.db.shop.svc.cluster.local", ["198.18.1.4"]),
        ("198-18-1-6.db.shop.svc.cluster.local", ["198.18.1.6"]),
        ("198-18-1-9.shop.pod.cluster.local", ["198.18.1.9"]),
        ("inside.shop.svc.cluster.local", ["198.19.0.7"]),
    ],
)
def test_resolves_cluster_names(name: str, addresses: list[str]) -> None:
    assert _addresses(name) == addresses


@pytest.mark.parametrize(
    "name",
    [
        "nope.shop.svc.cluster.local",
        "web.other.svc.cluster.local",
        "db-1.db.shop.svc.cluster.local",
        "a.web.shop.svc.cluster.local",
        "a.b.db.shop.svc.cluster.local",
        "x-y.shop.pod.cluster.local",
        "example.test",
        "web",
    ],
)
def test_denies_other_names(name: str) -> None:
    assert _ask(name) == (dns.Code.NAME_ERROR, [])


@pytest.mark.parametrize("name", ["cluster.local", "svc.cluster.local", "shop.svc.cluster.local"])
def test_names_on_the_way_exist_without_records(name: str) -> None:
    assert _ask(name) == (dns.Code.NO_ERROR, [])


def test_an_existing_name_without_that_type_is_no_error() -> None:
    assert _ask("web.shop.svc.cluster.local", Type.AAAA) == (dns.Code.NO_ERROR, [])


def test_external_names_are_aliases() -> None:
    assert _ask("outside.shop.svc.cluster.local") == (
        dns.Code.NO_ERROR,
        [(Type.CNAME, dns.encode_name("example.test"))],
    )


def test_an_alias_of_itself_ends() -> None:
    code, records = _ask("loop.shop.svc.cluster.local")
    assert code == dns.Code.NO_ERROR
    assert len(records) < 20


def test_ports_of_services_and_endpoints() -> None:
    target = dns.encode_name("web.shop.svc.cluster.local")
    assert _ask("_http._tcp.web.shop.svc.cluster.local", Type.SRV)[1] == [
        (Type.SRV, struct.pack(">HHH", 0, 100, 80) + target)
    ]
    found = _ask("_sql._tcp.db.shop.svc.cluster.local", Type.SRV)[1]
    assert [data[6:] for _, data in found] == [
        dns.encode_name("db-0.db.shop.svc.cluster.local"),
        dns.encode_name("198-18-1-6.db.shop.svc.cluster.local"),
    ]


def test_addresses_lead_back_to_services() -> None:
    assert _ask("7.0.19.198.in-addr.arpa", Type.PTR)[1] == [(Type.PTR, dns.encode_name("web.shop.svc.cluster.local"))]


def test_a_long_answer_over_udp_asks_for_tcp_unless_the_client_takes_it() -> None:
    endpoints = [{"addresses": [f"198.18.2.{number}"]} for number in range(60)]
    zone = Zone(
        service=_ZONE.service, slices=lambda _namespace, _name: [{"endpoints": endpoints}], service_at=_ZONE.service_at
    )
    name = "db.shop.svc.cluster.local"
    short = answer(zone, _query(name), over_udp=True)
    assert short is not None
    assert len(short) <= 512
    assert struct.unpack_from(">H", short, 2)[0] & 0x0200
    for whole in (answer(zone, _query(name), over_udp=False), answer(zone, _query(name, edns=4096), over_udp=True)):
        assert whole is not None
        assert struct.unpack_from(">H", whole, 6)[0] == 60


@pytest.mark.parametrize("message", [b"", b"\0" * 11, _query("web")[:-3], b"\xff" * 40])
def test_nothing_is_answered_to_garbage(message: bytes) -> None:
    assert answer(_ZONE, message, over_udp=True) is None
