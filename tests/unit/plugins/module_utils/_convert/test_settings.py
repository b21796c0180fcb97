# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of the controller's ConfigMap that hold for all hosts, by semantics.md B.19 and B.20."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Acceptance, Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan

from manifests import Object, certificate, ingress, path, service
from plans import codes_of, objects_of, plan_of
from witnesses import Witnesses

HOST = "a.example.com"
WWW = "www.a.example.com"


def _configmap(name: str, **data: str) -> Object:
    metadata = {"name": name, "namespace": "ingress-nginx"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _plan(settings: dict[str, str], *objects: Object, **fields: Any) -> Plan:
    annotations = {"permanent-redirect": "https://x.example.org"}
    moved = ingress(HOST, path("/moved"), name="moved", annotations=annotations)
    rooted = ingress(HOST, path("/in"), name="rooted", annotations={"app-root": "/in", "from-to-www-redirect": "true"})
    everything = (ingress(HOST), moved, rooted, service(), *objects)
    return plan_of(*everything, settings=settings, **fields)


def _parity(plan: Plan) -> list[Object]:
    (found,) = (obj for obj in objects_of(plan, "EnvoyFilter") if obj["metadata"]["name"] == "i2i-parity")
    patches: list[Object] = found["spec"]["configPatches"]
    return patches


def test_added_headers_are_on_every_answer() -> None:
    named = _configmap("added", **{"X-Frame-Options": "DENY", "X-Where": '$host says "a\\b"'})
    both = Witnesses(_plan({"add-headers": "ingress-nginx/added"}, named))
    for host, target in ((HOST, "/x"), (HOST, "/moved"), (HOST, "/"), (WWW, "/"), (HOST, "/in")):
        found = both.nginx(host, target)
        assert found.headers["x-frame-options"] == "DENY"
        assert found.headers["x-where"] == f'{host} says "a\\b"'
        for scheme in ("http", "https"):
            assert both.disagreements(host, target, scheme) == []


def test_sent_headers_reach_every_backend() -> None:
    named = _configmap("sent", **{"X-Team": "shop", "X-From": "$remote_addr"})
    both = Witnesses(_plan({"proxy-set-headers": "ingress-nginx/sent"}, named))
    found = both.nginx(HOST, "/x", client="192.0.2.7")
    assert (found.request_headers["x-team"], found.request_headers["x-from"]) == ("shop", "192.0.2.7")
    assert both.disagreements(HOST, "/x") == []
    assert both.disagreements(HOST, "/moved") == []


def test_a_second_line_of_what_the_controller_sends_anyway_holds_back() -> None:
    named = _configmap("sent", **{"X-Forwarded-For": "$remote_addr"})
    assert "SETTING-NOT-CONVERTED" in codes_of(_plan({"proxy-set-headers": "ingress-nginx/sent"}, named))


@pytest.mark.parametrize("key", ["add-headers", "proxy-set-headers"])
def test_a_configmap_that_is_not_there_adds_nothing(key: str) -> None:
    plan = _plan({key: "ingress-nginx/none"})
    assert "SETTING-IGNORED" in codes_of(plan)
    assert plan.conversion.verdicts[HOST].moves


def test_hidden_headers_do_not_pass() -> None:
    both = Witnesses(_plan({"hide-headers": "X-Powered-By, X-AspNet-Version"}))
    assert both.nginx(HOST, "/x").headers["x-powered-by"] == "(removed)"
    assert both.disagreements(HOST, "/x") == []


def test_no_value_of_a_configmap_becomes_a_directive() -> None:
    named = _configmap("added", **{"X-A": 'x"; return 200; #', "X-B": "%REQ(cookie)%"})
    both = Witnesses(_plan({"add-headers": "ingress-nginx/added"}, named))
    assert both.nginx(HOST, "/x").headers["x-a"] == 'x"; return 200; #'
    assert both.istio(HOST, "/x").headers["x-b"] == "%REQ(cookie)%"
    assert both.disagreements(HOST, "/x") == []


def test_compressors_see_answers_last() -> None:
    patches = _parity(_plan({"use-gzip": "true", "enable-brotli": "true", "gzip-types": "text/css"}))
    names = [item["patch"]["value"]["name"] for item in patches if item["applyTo"] == "HTTP_FILTER"]
    assert names[:2] == ["i2i.brotli", "i2i.gzip"]
    (gzip,) = (item["patch"]["value"] for item in patches if item["patch"]["value"].get("name") == "i2i.gzip")
    direction = gzip["typed_config"]["response_direction_config"]
    assert direction["common_config"] == {"min_content_length": 256, "content_type": ["text/css", "text/html"]}
    # nginx ngx_http_gzip_filter_module.c
    assert {200, 403, 404}.isdisjoint(direction["uncompressible_response_codes"])
    assert {201, 302, 500} <= set(direction["uncompressible_response_codes"])
    plan = _plan({"use-gzip": "true"})
    assert "COMPRESSED-OTHERWISE" in codes_of(plan)
    assert Witnesses(plan).disagreements(HOST, "/x") == []


@pytest.mark.parametrize(("text", "action"), [("true", "ALLOW"), ("false", "DROP_HEADER")])
def test_headers_with_underscores(text: str, action: str) -> None:
    first = _parity(_plan({"enable-underscores-in-headers": text}))[0]["patch"]["value"]["typed_config"]
    assert first["common_http_protocol_options"] == {"headers_with_underscores_action": action}


def _route_configurations(plan: Plan) -> list[Object]:
    return [item["patch"]["value"] for item in _parity(plan) if item["applyTo"] == "ROUTE_CONFIGURATION"]


def test_the_original_uri_is_sent_where_it_is_asked_for() -> None:
    for text, sent in (("true", True), ("false", False)):
        for value in _route_configurations(_plan({"proxy-add-original-uri-header": text})):
            added = {item["header"]["key"]: item["header"]["value"] for item in value["request_headers_to_add"]}
            assert ("x-original-uri" in added) is sent
            assert added.get("x-original-uri", "%REQ(:PATH)%") == "%REQ(:PATH)%"


def test_the_server_of_a_backend_is_named_where_nothing_clears_it() -> None:
    for settings, removed in (
        ({"allow-backend-server-header": "true", "server-tokens": "true"}, []),
        ({"allow-backend-server-header": "true"}, ["server"]),
        ({"server-tokens": "true"}, ["server"]),
    ):
        for value in _route_configurations(_plan(settings)):
            assert value["response_headers_to_remove"] == removed


def test_versions_and_ciphers_stand_in_every_server_that_ends_tls() -> None:
    settings = {"ssl-protocols": "TLSv1.2", "ssl-ciphers": "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256"}
    own = ingress("b.example.com", name="b", tls="cert")
    plan = _plan(settings, own, certificates=[certificate("b.example.com")])
    servers = [item for obj in objects_of(plan, "Gateway") for item in obj["spec"]["servers"] if "tls" in item]
    assert len(servers) == 2
    for item in servers:
        assert (item["tls"]["minProtocolVersion"], item["tls"]["maxProtocolVersion"]) == ("TLSV1_2", "TLSV1_2")
        assert item["tls"]["cipherSuites"] == ["ECDHE-RSA-AES128-GCM-SHA256"]
    assert "CIPHERS-MISSING" in codes_of(plan)


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"ssl-ciphers": "HIGH:!aNULL"}, "CIPHERS-LOST"), ({"enable-modsecurity": "true"}, "FIREWALL-LOST")],
)
def test_what_protects_all_hosts_needs_consent(settings: dict[str, str], code: str) -> None:
    assert not _plan(settings).conversion.verdicts[HOST].moves
    assert _plan(settings, options=Options(accept=(Acceptance(code),))).conversion.verdicts[HOST].moves


def test_keys_without_an_effect_on_answers_are_no_reason_to_stay() -> None:
    settings = {"use-http2": "false", "server-tokens": "true", "otel-sampler": "AlwaysOff", "no-such-key": "x"}
    plan = _plan(settings)
    assert {"SETTING-GIVEN-UP", "UNKNOWN-SETTING"} <= set(codes_of(plan))
    assert plan.conversion.verdicts[HOST].moves


def test_handshakes_for_strangers_are_rejected() -> None:
    named = ingress("b.example.com", name="b", tls="cert")
    wild = ingress("*.example.net", name="wild")
    anybody = ingress("", path("/any"), name="anybody")
    objects = (named, wild, anybody)
    plan = _plan({"ssl-reject-handshake": "true"}, *objects, certificates=[certificate("b.example.com")])
    both = Witnesses(plan)
    for host in ("x.example.org", "any"):
        assert both.nginx(host, "/any", "https").status == both.istio(host, "/any", "https").status == 0
        assert both.nginx(host, "/any", "https").backend == both.istio(host, "/any", "https").backend == ""
    for host, credential in ((HOST, "default"), ("b.example.com", "shop/cert"), ("x.example.net", "default")):
        assert both.nginx(host, "/x", "https").certificate == credential
    for host in (HOST, WWW, "b.example.com", "x.example.net", "a.b.example.net", "x.example.org"):
        for scheme in ("http", "https"):
            assert both.disagreements(host, "/any", scheme) == [], (host, scheme)
    (default,) = (obj for obj in objects_of(plan, "Gateway") if obj["metadata"]["name"] == "tls-default")
    assert default["spec"]["servers"][0]["hosts"] == ["shop/*.example.net", f"shop/{HOST}", f"shop/{WWW}"]


def test_no_server_of_the_default_certificate_where_no_host_needs_it() -> None:
    named = ingress("b.example.com", name="b", tls="cert")
    settings = {"ssl-reject-handshake": "true"}
    plan = plan_of(named, service(), settings=settings, certificates=[certificate("b.example.com")])
    assert [obj["metadata"]["name"] for obj in objects_of(plan, "Gateway") if "default" in obj["metadata"]["name"]] == [
        "http-default"
    ]
    assert Witnesses(plan).disagreements("x.example.org", "/", "https") == []
    assert Witnesses(plan).disagreements("b.example.com", "/", "https") == []
