# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS that is passed through to backends, by semantics.md A.1 8, B.1 5 and B.8."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.invariants import (
    InvariantError,
    check_tls_names,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan

from manifests import Object, backend, certificate, ingress, path, service
from plans import codes_of, objects_of, plan_of
from witnesses import Witnesses

HOST = "a.example.com"
_FLAG = ("--enable-ssl-passthrough",)
_PORTS = [{"name": "http", "port": 80}, {"name": "tls", "port": 8443, "targetPort": "secure"}]


def _passed(*paths: Object, **fields: Any) -> Object:
    annotations = {"ssl-passthrough": "true", **fields.pop("annotations", {})}
    return ingress(fields.pop("host", HOST), *(paths or [path("/", "web", 8443)]), annotations=annotations, **fields)


def _plan(*objects: Object, **captured: Any) -> Plan:
    return plan_of(*objects, service(ports=_PORTS), arguments=_FLAG, **captured)


def _servers(plan: Plan) -> list[Object]:
    return [server for obj in objects_of(plan, "Gateway") for server in obj["spec"]["servers"]]


def test_https_goes_to_the_backend_of_the_root_unopened() -> None:
    plan = _plan(_passed(path("/", "web", 8443), path("/other", "web", 80)))
    assert codes_of(plan, HOST) == []
    both = Witnesses(plan)
    for target in ("/", "/other", "/x/../y", "//other", "/%zz"):
        assert both.nginx(HOST, target, "https").backend == "shop/web:8443"
        assert both.istio(HOST, target, "https").upstream_target == target
        assert both.disagreements(HOST, target, "https") == []
    assert both.istio(HOST, "/other", "http").backend == "shop/web:80"
    assert both.disagreements(HOST, "/other", "http") == []


def test_the_gateway_has_a_server_and_a_route_for_the_name() -> None:
    plan = _plan(_passed())
    (server,) = (item for item in _servers(plan) if item["port"]["protocol"] == "TLS")
    assert (server["hosts"], server["tls"]) == ([f"shop/{HOST}"], {"mode": "PASSTHROUGH"})
    (virtual,) = (obj for obj in objects_of(plan, "VirtualService") if obj["spec"]["hosts"] == [HOST])
    (entry,) = virtual["spec"]["tls"]
    assert entry["match"] == [{"port": 443, "sniHosts": [HOST]}]
    destination = {"host": "web.shop.svc.cluster.local", "port": {"number": 8443}}
    assert entry["route"] == [{"destination": destination}]


def test_without_the_argument_of_the_controller_nothing_is_passed_through() -> None:
    plan = plan_of(_passed(), service(ports=_PORTS))
    assert plan.conversion.verdicts[HOST].moves
    assert all(item["port"]["protocol"] != "TLS" for item in _servers(plan))
    assert Witnesses(plan).nginx(HOST, "/", "https").certificate == "default"


def test_one_ingress_that_asks_decides_for_the_host() -> None:
    other = _passed(path("/x", "web", 80), name="newer", created="2024-02-01T00:00:00Z")
    both = Witnesses(_plan(ingress(HOST, path("/", "web", 8443)), other))
    assert both.nginx(HOST, "/x", "https").backend == both.istio(HOST, "/x", "https").backend == "shop/web:8443"


def test_a_canary_does_not_ask_for_its_host() -> None:
    canary = _passed(name="canary", annotations={"canary": "true", "canary-weight": "10"})
    plan = _plan(ingress(HOST, path("/", "web", 80)), canary)
    assert Witnesses(plan).nginx(HOST, "/", "https").certificate == "default"


@pytest.mark.parametrize("host", ["*.example.com", ""])
def test_only_whole_names_are_compared_with_the_name_in_the_handshake(host: str) -> None:
    plan = _plan(_passed(host=host))
    assert all(item["port"]["protocol"] != "TLS" for item in _servers(plan))
    assert Witnesses(plan).disagreements("x.example.com", "/", "https") == []


def test_who_names_another_host_in_the_handshake_meets_the_paths_of_the_host() -> None:
    plan = _plan(_passed(path("/", "web", 8443), path("/other", "web", 80)))
    both = Witnesses(plan)
    assert both.nginx(HOST, "/other", "https", sni="x.example.org").backend == "shop/web:80"
    assert both.disagreements(HOST, "/other", "https", sni="x.example.org") == []


def test_http_is_redirected_where_a_tls_block_exists() -> None:
    both = Witnesses(_plan(_passed(tls="cert"), certificates=[certificate(HOST)]))
    assert both.nginx(HOST, "/", "http").status == 308
    assert both.disagreements(HOST, "/", "http") == []
    assert both.istio(HOST, "/", "https").certificate == "backend"


def test_a_name_is_passed_through_or_ended_and_never_both() -> None:
    shared = certificate(HOST, "b.example.com")
    neighbour = ingress("b.example.com", path("/", "web", 80), name="b", tls="cert")
    plan = _plan(_passed(tls="cert"), neighbour, certificates=[shared])
    ended = [item["hosts"] for item in _servers(plan) if item["port"]["protocol"] == "HTTPS"]
    assert sorted(ended) == [["*/*"], ["shop/b.example.com"]]
    check_tls_names(objects_of(plan, "Gateway"))
    both = Witnesses(plan)
    assert both.istio(HOST, "/", "https").certificate == "backend"
    assert both.disagreements("b.example.com", "/", "https") == []


def test_the_invariant_finds_a_name_that_is_both() -> None:
    (gateway,) = (obj for obj in objects_of(_plan(_passed()), "Gateway") if "passthrough" in obj["metadata"]["name"])
    (server,) = gateway["spec"]["servers"]
    ended = {**server, "port": {"number": 443, "name": "https", "protocol": "HTTPS"}, "tls": {"mode": "SIMPLE"}}
    with pytest.raises(InvariantError, match=HOST):
        check_tls_names([{**gateway, "spec": {**gateway["spec"], "servers": [server, ended]}}])


def test_what_protects_the_paths_does_not_hold_back_connections_that_nobody_opens() -> None:
    wanted = {"allowlist-source-range": "10.0.0.0/8", "ssl-ciphers": "ECDHE-RSA-AES128-GCM-SHA256"}
    both = Witnesses(_plan(_passed(annotations=wanted)))
    assert both.nginx(HOST, "/", "http").status == 403
    for scheme in ("http", "https"):
        assert both.disagreements(HOST, "/", scheme) == []


@pytest.mark.parametrize(
    ("objects", "serving"),
    [
        ([_passed(path("/only", "web", 8443))], None),
        ([_passed(path("/only", "web", 80), default=backend("web", 8443))], None),
        ([_passed(path("/", "web", "secure"))], None),
        ([_passed(path("/", "web", 9))], None),
        ([_passed(path("/", "bare", 80)), service("bare", clusterIP="None")], None),
        ([_passed(path("/", "far", 80)), service("far", type="ExternalName", externalName="x.example.org")], None),
        ([_passed()], frozenset[tuple[str, str]]()),
    ],
)
def test_a_connection_that_cannot_come_about_holds_its_host_back(
    objects: list[Object], serving: frozenset[tuple[str, str]] | None
) -> None:
    plan = _plan(*objects, serving=serving)
    assert "TLS-PASSTHROUGH" in codes_of(plan, HOST)
    assert not plan.conversion.verdicts[HOST].moves
    assert Witnesses(plan).nginx(HOST, "/", "https").backend == ""


def test_a_service_that_is_missing_leaves_tls_to_nginx() -> None:
    plan = _plan(_passed(path("/", "missing", 8443)))
    assert Witnesses(plan).nginx(HOST, "/", "https").status == 503
    assert Witnesses(plan).disagreements(HOST, "/", "https") == []
