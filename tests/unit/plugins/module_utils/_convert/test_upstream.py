# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the gateway speaks to backends: affinity, keys, protocols, external names (semantics.md A.2, B.8, B.11, C.7)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.secrets import SecretFacts
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import make_plan

from manifests import Object, bundle, certificate, ingress, path, service
from plans import codes_of, objects_of, plan_of, routes_of, units_of
from witnesses import Witnesses

HOST = "s.example.test"
AFFINE = {"affinity": "cookie"}


def both(annotations: dict[str, str], *others: Object, tls: bool = False, **captured: Any) -> Witnesses:
    front = ingress(HOST, path("/s"), annotations=annotations, tls="cert" if tls else None)
    return Witnesses(plan_of(front, service(), *others, certificates=[certificate(HOST)], **captured))


def policy_of(witnesses: Witnesses) -> Object:
    (rule,) = objects_of(witnesses.plan, "DestinationRule")
    (subset,) = rule["spec"]["subsets"]
    (port,) = subset["trafficPolicy"]["portLevelSettings"]
    settings: Object = {name: value for name, value in port.items() if name != "port"}
    return settings


@pytest.mark.parametrize(
    ("annotations", "scheme", "expected"),
    [
        (AFFINE, "http", "INGRESSCOOKIE; Path=/s; HttpOnly"),
        (AFFINE, "https", "INGRESSCOOKIE; Path=/s; Secure; HttpOnly"),
        (AFFINE | {"session-cookie-secure": "false"}, "https", "INGRESSCOOKIE; Path=/s; Secure; HttpOnly"),
        (AFFINE | {"session-cookie-secure": "true"}, "http", "INGRESSCOOKIE; Path=/s; Secure; HttpOnly"),
        (
            AFFINE
            | {
                "session-cookie-name": "r",
                "session-cookie-max-age": "60",
                "session-cookie-path": "/p",
                "session-cookie-samesite": "lax",
                "session-cookie-domain": "example.test",
            },
            "http",
            "r; Path=/p; Max-Age=60; Domain=example.test; SameSite=Lax; HttpOnly",
        ),
        ({"affinity": "ip"}, "http", ""),
        ({"session-cookie-name": "r"}, "http", ""),
    ],
)
def test_session_cookies(annotations: dict[str, str], scheme: str, expected: str) -> None:
    witnesses = both(annotations)
    assert witnesses.nginx(HOST, "/s", scheme).session == expected
    assert witnesses.disagreements(HOST, "/s", scheme) == []
    assert "SESSION-COOKIE-DIFFERS" not in codes_of(witnesses.plan)


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"session-cookie-expires": "60"}, "INGRESSCOOKIE; Path=/s; Max-Age=60; HttpOnly"),
        ({"session-cookie-max-age": "-1"}, "hash $cookie_INGRESSCOOKIE"),
    ],
)
def test_a_lifetime_that_only_nginx_writes_is_predicted(annotations: dict[str, str], expected: str) -> None:
    witnesses = both(AFFINE | annotations)
    assert witnesses.istio(HOST, "/s").session == expected
    assert witnesses.nginx(HOST, "/s").session != expected
    assert witnesses.disagreements(HOST, "/s") == []


def test_a_cookie_on_a_host_that_redirects_needs_one_route() -> None:
    witnesses = both(AFFINE, tls=True)
    assert [route["name"] for route in routes_of(witnesses.plan, HOST) if "route" in route] == ["shop/web/0-0"]
    assert witnesses.disagreements(HOST, "/s", "https") == []
    assert witnesses.nginx(HOST, "/s", "https").session.endswith("Secure; HttpOnly")


def test_another_ingress_of_the_service_heeds_the_cookie_and_sets_none() -> None:
    """semantics.md D.8 S06; the two need subsets of their own."""
    other = ingress(HOST, path("/t"), name="other", created="2024-01-02T00:00:00Z")
    witnesses = both(AFFINE, other)
    assert witnesses.nginx(HOST, "/t").session == "hash $cookie_INGRESSCOOKIE"
    assert witnesses.disagreements(HOST, "/t") == []
    assert witnesses.disagreements(HOST, "/s") == []


def test_the_canary_has_the_cookie_of_its_primary() -> None:
    near = {"canary": "true", "canary-by-header": "x-c"}
    later = ingress(HOST, path("/s", "next"), name="next", created="2024-01-02T00:00:00Z", annotations=near)
    witnesses = both(AFFINE, later, service("next"))
    assert witnesses.nginx(HOST, "/s", headers={"x-c": "always"}).session == "INGRESSCOOKIE; Path=/s; HttpOnly"
    assert witnesses.disagreements(HOST, "/s", headers={"x-c": "always"}) == []
    assert "CANARY-NOT-STICKY" in codes_of(witnesses.plan, HOST)
    near["affinity-canary-behavior"] = "legacy"
    later = ingress(HOST, path("/s", "next"), name="next", created="2024-01-02T00:00:00Z", annotations=near)
    witnesses = both(AFFINE, later, service("next"))
    assert witnesses.nginx(HOST, "/s", headers={"x-c": "always"}).session == ""
    assert witnesses.disagreements(HOST, "/s", headers={"x-c": "always"}) == []
    assert "CANARY-NOT-STICKY" not in codes_of(witnesses.plan, HOST)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("$request_uri", "hash $request_uri"),
        ("${http_host}", "hash $host"),
        ("$binary_remote_addr", "hash $remote_addr"),
        ("$http_x_user", "hash $http_x_user"),
        ("$arg_Id", "hash $arg_Id"),
        ("$cookie_sid", "hash $cookie_sid"),
        ("$host-$request_uri$cookie_a", "hash $host$request_uri$cookie_a"),
    ],
)
def test_keys(key: str, expected: str) -> None:
    witnesses = both({"upstream-hash-by": key})
    assert witnesses.nginx(HOST, "/s").session == expected
    assert witnesses.disagreements(HOST, "/s") == []


def test_a_key_that_differs_is_predicted_and_an_unknown_one_holds_the_host_back() -> None:
    witnesses = both({"upstream-hash-by": "$uri"})
    assert codes_of(witnesses.plan, HOST) == ["HASH-KEY-DIFFERS"]
    assert witnesses.disagreements(HOST, "/s?a") == []
    plan = both({"upstream-hash-by": "$connection"}).plan
    assert codes_of(plan, HOST) == ["UPSTREAM-HASH-DROPPED"]
    assert not plan.conversion.verdicts[HOST].moves


def test_affinity_wins_over_a_key() -> None:
    witnesses = both(AFFINE | {"upstream-hash-by": "$request_uri"})
    assert witnesses.nginx(HOST, "/s").session.startswith("INGRESSCOOKIE")
    assert witnesses.disagreements(HOST, "/s") == []


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"backend-protocol": "HTTPS"}, {"tls": {"mode": "SIMPLE", "insecureSkipVerify": True}}),
        ({"backend-protocol": "GRPC"}, {"connectionPool": {"http": {"h2UpgradePolicy": "UPGRADE"}}}),
        ({"connection-proxy-header": "close"}, {"connectionPool": {"http": {"maxRequestsPerConnection": 1}}}),
        ({"load-balance": "ewma"}, {"loadBalancer": {"simple": "LEAST_REQUEST"}}),
        ({"load-balance": "round_robin"}, {"loadBalancer": {"simple": "ROUND_ROBIN"}}),
    ],
)
def test_policies(annotations: dict[str, str], expected: Object) -> None:
    witnesses = both(annotations)
    assert policy_of(witnesses) == expected
    assert witnesses.disagreements(HOST, "/s") == []


@pytest.mark.parametrize(
    "annotations",
    [
        {"service-upstream": "true"},
        {"backend-protocol": "WS"},
        {"proxy-http-version": "1.0"},
        {"proxy-ssl-verify": "on"},
    ],
)
def test_what_needs_no_policy(annotations: dict[str, str]) -> None:
    witnesses = both(annotations)
    assert objects_of(witnesses.plan, "DestinationRule") == []
    assert witnesses.disagreements(HOST, "/s") == []


def test_auto_http_speaks_as_the_client_does() -> None:
    plan = both({"backend-protocol": "AUTO_HTTP"}).plan
    plain, secure = (route for route in routes_of(plan, HOST) if route["name"].startswith("shop/web/0-0"))
    assert plain["match"][0]["port"] == 80
    assert "subset" not in plain["route"][0]["destination"]
    assert "subset" in secure["route"][0]["destination"]


@pytest.mark.parametrize("code", ["FASTCGI-BACKEND", "LOAD-BALANCE-BROKEN"])
def test_what_stays_on_nginx(code: str) -> None:
    annotations = {"FASTCGI-BACKEND": {"backend-protocol": "FCGI"}, "LOAD-BALANCE-BROKEN": {"load-balance": "chash"}}
    plan = both(annotations[code]).plan
    assert codes_of(plan, HOST) == [code]
    assert not plan.conversion.verdicts[HOST].moves


def test_two_ingresses_of_one_service_get_subsets_of_their_own() -> None:
    other = ingress(HOST, path("/t"), name="other", annotations={"proxy-connect-timeout": "9"})
    (rule,) = objects_of(both({"backend-protocol": "HTTPS"}, other).plan, "DestinationRule")
    assert len(rule["spec"]["subsets"]) == 2


def test_somebody_elses_rule_of_the_service() -> None:
    rule = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "mine", "namespace": "shop"},
        "spec": {"host": "web"},
    }
    assert codes_of(both({"backend-protocol": "HTTPS"}, rule).plan, HOST) == ["DESTINATION-RULE-EXISTS"]
    assert codes_of(both({}, rule).plan, HOST) == []


def tls_plan(annotations: dict[str, str], *keys: str, settings: dict[str, str] | None = None) -> Witnesses:
    given = {"backend-protocol": "HTTPS", **annotations}
    captured = bundle(ingress(HOST, annotations=given), service(), settings=settings)
    captured.secrets[("shop", "upstream")] = SecretFacts("shop", "upstream", keys)
    return Witnesses(make_plan(captured, Options()))


SECRET = {"proxy-ssl-secret": "shop/upstream"}
PAIR = ("tls.crt", "tls.key")


@pytest.mark.parametrize(
    ("annotations", "keys", "expected"),
    [
        (SECRET, PAIR, {"mode": "MUTUAL", "insecureSkipVerify": True}),
        (
            SECRET | {"proxy-ssl-verify": "on"},
            ("ca.crt",),
            {"mode": "SIMPLE", "subjectAltNames": ["upstream_balancer"]},
        ),
        (
            SECRET | {"proxy-ssl-verify": "on", "proxy-ssl-name": "in.example.test", "proxy-ssl-server-name": "on"},
            ("ca.crt", *PAIR),
            {"mode": "MUTUAL", "subjectAltNames": ["in.example.test"], "sni": "in.example.test"},
        ),
    ],
)
def test_certificates_towards_backends(annotations: dict[str, str], keys: tuple[str, ...], expected: Object) -> None:
    witnesses = tls_plan(annotations, *keys)
    tls = policy_of(witnesses)["tls"]
    name = tls.pop("credentialName")
    assert tls == expected
    credentials = [item for unit in units_of(witnesses.plan).values() for item in unit.credentials]
    (copied,) = (item for item in credentials if item.trust)
    assert (copied.name, copied.source) == (name, ("shop", "upstream"))
    assert witnesses.disagreements(HOST, "/") == []


@pytest.mark.parametrize("name", ["upstream", "shop/other", "other/upstream"])
def test_a_secret_that_nginx_cannot_use_closes_the_host(name: str) -> None:
    witnesses = tls_plan({"proxy-ssl-secret": name}, *PAIR)
    assert witnesses.nginx(HOST, "/").status == 503
    assert witnesses.disagreements(HOST, "/") == []


def external(name: str, port: int | str = 80, **fields: Any) -> Witnesses:
    outside = service("out", ports=fields.pop("ports", None), type="ExternalName", externalName=name)
    front = ingress(HOST, path("/", "out", port), annotations=fields.pop("annotations", {}))
    return Witnesses(plan_of(front, outside, **fields))


@pytest.mark.parametrize(
    ("name", "port", "expected"),
    [
        ("api.example.org", 443, "api.example.org:443"),
        ("api.example.org", "http", "api.example.org:8080"),
        ("api.example.org", 80, "api.example.org:8080"),
        ("api.other.svc.cluster.local", 80, "other/api:8080"),
    ],
)
def test_external_names(name: str, port: int | str, expected: str) -> None:
    witnesses = external(name, port, annotations={"backend-protocol": "HTTPS"})
    answer = witnesses.nginx(HOST, "/x")
    assert (answer.backend, answer.upstream_host) == (expected, HOST)
    assert witnesses.disagreements(HOST, "/x") == []
    entries = objects_of(witnesses.plan, "ServiceEntry")
    assert [entry["spec"]["hosts"] for entry in entries] == ([[name]] if name.endswith("org") else [])


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "nodots", "bad_name.example.org"])
def test_external_names_that_nginx_refuses(name: str) -> None:
    witnesses = external(name)
    assert witnesses.nginx(HOST, "/").status == 503
    assert codes_of(witnesses.plan, HOST) == ["EXTERNAL-NAME-REFUSED"]
    assert witnesses.disagreements(HOST, "/") == []


def test_external_names_can_be_switched_off() -> None:
    witnesses = external("api.example.org", arguments=["--disable-svc-external-name"])
    assert witnesses.nginx(HOST, "/").status == 503
    assert witnesses.disagreements(HOST, "/") == []


def test_an_external_address_stays_on_nginx() -> None:
    assert codes_of(external("192.0.2.7").plan, HOST) == ["EXTERNAL-NAME"]


@pytest.mark.parametrize("port", [80, 8080, "http", "plain"])
def test_ports_by_number_name_and_target(port: int | str) -> None:
    """semantics.md D.6 H16."""
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "plain", "port": 81, "targetPort": "web"}]
    witnesses = Witnesses(plan_of(ingress(HOST, path("/", port=port)), service(ports=ports, clusterIP="None")))
    assert witnesses.nginx(HOST, "/").backend == ("shop/web:81" if port == "plain" else "shop/web:80")
    assert witnesses.disagreements(HOST, "/") == []
