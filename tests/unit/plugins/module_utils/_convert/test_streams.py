# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP and UDP services, by semantics.md B.20 and ingress-nginx ``getStreamServices``."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.invariants import (
    InvariantError,
    check_unit,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan

from manifests import Object, ingress, path, service
from plans import codes_of, objects_of, plan_of, units_of

_SQL = [{"name": "sql", "port": 5432, "targetPort": 15432}, {"name": "dns", "port": 53, "protocol": "UDP"}]


def _configmap(name: str, **data: str) -> Object:
    metadata = {"name": name, "namespace": "ingress-nginx"}
    values = {key.removeprefix("p"): value for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": values}


def _plan(*objects: Object, serving: frozenset[tuple[str, str]] | None = None, **tcp: str) -> Plan:
    arguments = ("--tcp-services-configmap=ingress-nginx/tcp", "--udp-services-configmap=ingress-nginx/udp")
    hosts = (ingress("a.example.com", path("/", "missing")),)
    everything = (*hosts, _configmap("tcp", **tcp), service("db", "data", ports=_SQL), *objects)
    return plan_of(*everything, arguments=arguments, serving=serving)


def _named(objects: list[Object]) -> list[Object]:
    return [obj for obj in objects if obj["metadata"]["name"] == "tcp-services"]


@pytest.mark.parametrize("written", ["data/db:5432", "data/db:sql"])
def test_a_tcp_service_has_a_server_and_a_route_to_the_port_of_the_service(written: str) -> None:
    plan = _plan(p9000=written)
    (gateway,) = _named(objects_of(plan, "Gateway"))
    (virtual,) = _named(objects_of(plan, "VirtualService"))
    assert gateway["spec"]["servers"] == [
        {"port": {"number": 9000, "name": "tcp-9000", "protocol": "TCP"}, "hosts": ["./*"]}
    ]
    destination = {"host": "db.data.svc.cluster.local", "port": {"number": 5432}}
    assert virtual["spec"]["tcp"] == [{"match": [{"port": 9000}], "route": [{"destination": destination}]}]
    assert (virtual["spec"]["hosts"], virtual["spec"]["exportTo"]) == (["*"], ["."])
    assert codes_of(plan) == ["SERVICE-MISSING", "TCP-SERVICE"]
    assert plan.conversion.streams == 1


def test_tcp_services_belong_to_no_unit_of_a_namespace() -> None:
    plan = _plan(p9000="data/db:5432")
    kinds = {name: [obj["kind"] for obj in unit.objects] for name, unit in units_of(plan).items()}
    assert sorted(kinds) == ["shared.gateway", "shop"]
    check_unit(units_of(plan)["shared.gateway"].objects, ["i2i-default-certificate"])


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("data/db:5432:PROXY", "STREAM-NOT-CONVERTED"),
        ("data/db:5432::proxy", "STREAM-NOT-CONVERTED"),
        ("data/db:5433", "STREAM-NOT-SERVED"),
        ("data/db:15432", "STREAM-NOT-SERVED"),
        ("data/db:dns", "STREAM-NOT-SERVED"),
        ("data/other:5432", "STREAM-NOT-SERVED"),
        ("data/db", "STREAM-NOT-SERVED"),
        ("db:5432", "STREAM-NOT-SERVED"),
    ],
)
def test_what_the_gateway_cannot_serve_is_said(written: str, code: str) -> None:
    plan = _plan(p9000=written)
    assert codes_of(plan, "") == [code]
    assert _named(objects_of(plan, "Gateway")) == []


@pytest.mark.parametrize("port", ["x", "0", "70000", "80", "443"])
def test_ports_that_nginx_does_not_take(port: str) -> None:
    plan = _plan(**{f"p{port}": "data/db:5432"})
    assert codes_of(plan, "") == ["STREAM-NOT-SERVED"]


def test_a_service_without_endpoints_is_not_served() -> None:
    assert codes_of(_plan(p9000="data/db:5432", serving=frozenset()), "") == ["STREAM-NOT-SERVED"]


def test_udp_has_no_server_and_holds_no_host_back() -> None:
    plan = _plan(_configmap("udp", p53="data/db:53"))
    assert codes_of(plan, "") == ["STREAM-NOT-CONVERTED"]
    assert plan.conversion.verdicts["a.example.com"].moves


def test_without_the_argument_a_configmap_means_nothing() -> None:
    assert codes_of(plan_of(_configmap("tcp", p9000="data/db:5432"), service("db", "data", ports=_SQL))) == []


def test_the_invariant_keeps_ports_of_hosts_free() -> None:
    (virtual,) = _named(objects_of(_plan(p9000="data/db:5432"), "VirtualService"))
    virtual["spec"]["tcp"][0]["match"][0]["port"] = 443
    with pytest.raises(InvariantError, match="port"):
        check_unit([virtual], [])


def test_ports_of_the_gateway_itself_stay_its_own() -> None:
    assert codes_of(_plan(p15021="data/db:5432"), "") == ["STREAM-NOT-CONVERTED"]


def test_nothing_is_served_where_no_host_moves() -> None:
    stuck = ingress("a.example.com", annotations={"server-alias": "*.example.org"})
    configmap = _configmap("tcp", p9000="data/db:5432")
    arguments = ("--tcp-services-configmap=ingress-nginx/tcp",)
    plan = plan_of(stuck, configmap, service(), service("db", "data", ports=_SQL), arguments=arguments)
    assert (plan.conversion.streams, objects_of(plan, "Gateway")) == (0, [])
