# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""External authentication (semantics.md A.3 65 to 80, B.13): what is asked, and what holds a host back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Acceptance, Options

from manifests import certificate, ingress, path, service
from plans import codes_of, objects_of, plan_of
from witnesses import Witnesses

HOST = "a.example.test"
URL = "http://auth.shop.svc.cluster.local:8080/check"


def both(annotations: dict[str, str], *objects: Any, accept: str = "", **captured: Any) -> Witnesses:
    options = Options(accept=(Acceptance(accept),) if accept else ())
    return Witnesses(
        plan_of(
            ingress(HOST, path("/"), path("/api/", "api"), annotations=annotations, tls="cert"),
            service(),
            service("api"),
            *objects,
            certificates=[certificate(HOST)],
            options=options,
            **captured,
        )
    )


def configmap(name: str, namespace: str = "shop", **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def test_what_is_said_of_a_service_that_does_not_exist_is_said_beside_the_gateway() -> None:
    secured = {"auth-url": "https://check.auth.svc.cluster.local:4180/oauth2/auth"}
    places = []
    for objects in ((), (service("check", "auth"),)):
        (rule,) = objects_of(both(secured, *objects).plan, "DestinationRule")
        places.append(rule["metadata"]["namespace"])
    assert places == ["ingress-nginx", "auth"]


@pytest.mark.parametrize(
    "annotations",
    [
        {"auth-url": URL},
        {"auth-url": "http://auth.shop.svc.cluster.local"},
        {"auth-url": "http://auth.shop.svc/?code=200"},
        {"auth-url": "https://login.example.test/oauth2/auth"},
        {"auth-url": "https://auth.shop.svc.cluster.local:4180/oauth2/auth"},
        {"auth-url": "https://$host/oauth2/auth", "auth-signin": "https://$host/start?rd=$escaped_request_uri"},
        {"auth-url": f"{URL}?rd=$scheme://$http_host$request_uri", "auth-method": "POST"},
        {"auth-url": URL, "auth-signin": "http://login.test/start", "auth-signin-redirect-param": "back"},
        {"auth-url": URL, "auth-response-headers": "X-User, X-Email", "auth-always-set-cookie": "true"},
        {"auth-url": URL, "auth-request-redirect": "http://login.test/here"},
        {"auth-url": URL, "auth-keepalive": "10", "auth-cache-duration": "200 5m"},
    ],
)
@pytest.mark.parametrize("target", ["/", "/api/x?a=b&c=d", "/api", "/a%20b~c"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_both_ask_the_same(annotations: dict[str, str], target: str, scheme: str) -> None:
    witnesses = both(annotations)
    assert witnesses.disagreements(HOST, target, scheme) == []
    if scheme == "https" and target != "/api":
        assert [item.kind for item in witnesses.istio(HOST, target, scheme).guards] == ["external"]


def test_a_redirect_to_sign_in_carries_what_was_asked_for() -> None:
    witnesses = both({"auth-url": URL, "auth-signin": "http://login.test/start"})
    (guard,) = witnesses.nginx(HOST, "/?a=b&c=d", "https").guards
    assert guard.refusal == f"302 http://login.test/start?rd=https://{HOST}%2F%3Fa%3Db%26c%3Dd"


@pytest.mark.parametrize(
    ("signin", "parameter", "leads"),
    [
        ("http://l.test/s", "", "http://l.test/s?rd="),
        ("http://l.test/s?x=1", "", "http://l.test/s?x=1&rd="),
        ("http://l.test/s?x=1", "x", "http://l.test/s?x=1"),
        ("http://l.test/s", "back", "http://l.test/s?back="),
    ],
)
def test_the_parameter_of_sign_in(signin: str, parameter: str, leads: str) -> None:
    named = {"auth-url": URL, "auth-signin": signin, "auth-signin-redirect-param": parameter}
    (guard,) = both(named).istio(HOST, "/p", "https").guards
    rest = "" if leads == signin else f"https://{HOST}%2Fp"
    assert guard.refusal == f"302 {leads}{rest}"


@pytest.mark.parametrize("name", ["auth-request-redirect", "auth-cache-duration", "auth-always-set-cookie"])
def test_a_site_that_nginx_leaves_open_is_held_back(name: str) -> None:
    annotations = {"auth-url": URL, name: "$request_uri"}
    assert "EXTERNAL-AUTH-VOID" in codes_of(both(annotations).plan, HOST)
    assert not both(annotations).plan.conversion.verdicts[HOST].moves
    accepted = both(annotations, accept="EXTERNAL-AUTH-VOID")
    assert accepted.disagreements(HOST, "/", "https") == []
    assert accepted.istio(HOST, "/", "https").guards == ()


@pytest.mark.parametrize(
    "annotations",
    [
        {"auth-url": "auth.shop.svc/check"},
        {"auth-url": URL, "auth-method": "FETCH"},
        {"auth-url": URL, "auth-cache-duration": "200 soon"},
        {"auth-url": URL, "auth-proxy-set-headers": "shop/absent"},
        {"auth-url": URL, "auth-proxy-set-headers": "other/headers"},
    ],
)
def test_what_nginx_denies_is_denied(annotations: dict[str, str]) -> None:
    witnesses = both(annotations, configmap("headers", "other", X="1"))
    assert witnesses.nginx(HOST, "/", "https").status == 503
    assert witnesses.disagreements(HOST, "/", "https") == []


@pytest.mark.parametrize(
    "url",
    [
        "http://$http_x/check",
        "http://auth/check",
        "http://10.0.0.1/check",
        f"{URL}?u=$remote_user",
    ],
)
def test_a_service_that_the_gateway_cannot_ask_holds_the_host_back(url: str) -> None:
    plan = both({"auth-url": url}).plan
    assert "EXTERNAL-AUTH-TARGET" in codes_of(plan, HOST)
    assert not plan.conversion.verdicts[HOST].moves


def test_headers_of_a_configmap_are_sent_along() -> None:
    named = {"auth-url": URL, "auth-proxy-set-headers": "shop/headers"}
    witnesses = both(named, configmap("headers", **{"X-Where": "$host", "X-What": '100% "]]'}))
    assert witnesses.disagreements(HOST, "/", "https") == []
    assert "('x-where', 'a.example.test')" in witnesses.istio(HOST, "/", "https").guards[0].decides


@pytest.mark.parametrize(
    ("annotations", "asked"), [({}, True), ({"enable-global-auth": "false"}, False), ({"auth-url": URL}, True)]
)
def test_what_the_configmap_asks_of_every_host(annotations: dict[str, str], asked: bool) -> None:
    witnesses = both(annotations, settings={"global-auth-url": "http://all.shop.svc.cluster.local/"})
    assert bool(witnesses.istio(HOST, "/", "https").guards) is asked
    assert witnesses.disagreements(HOST, "/", "https") == []
    assert witnesses.disagreements("unknown.example.test", "/", "https") == []


def test_paths_that_nobody_needs_to_sign_in_for() -> None:
    witnesses = both({"auth-url": URL}, settings={"no-auth-locations": "/api"})
    assert witnesses.istio(HOST, "/api/x", "https").guards == ()
    assert witnesses.disagreements(HOST, "/api/x", "https") == []
    assert witnesses.disagreements(HOST, "/", "https") == []


def test_a_broken_url_of_the_configmap_holds_everything_back() -> None:
    plan = both({}, settings={"global-auth-url": "no-scheme"}).plan
    assert not plan.conversion.verdicts[HOST].moves


def test_no_value_becomes_program_text() -> None:
    plan = both({"auth-url": f"{URL}?q=end", "auth-signin": "https://l.test/?a=b"}).plan
    patches = [patch for obj in objects_of(plan, "EnvoyFilter") for patch in obj["spec"]["configPatches"]]
    programs = {
        patch["patch"]["value"]["typed_config"]["default_source_code"]["inline_string"]
        for patch in patches
        if "default_source_code" in patch["patch"]["value"].get("typed_config", {})
    }
    assert programs
    assert not any("l.test" in text or "q=end" in text or HOST in text for text in programs)


def test_a_backend_without_endpoints_is_guarded_for_the_time_when_it_has_some() -> None:
    witnesses = both({"auth-url": URL}, serving=frozenset())
    assert witnesses.nginx(HOST, "/", "https").status == 503
    assert [item.kind for item in witnesses.istio(HOST, "/", "https").guards] == ["external"]
    assert witnesses.disagreements(HOST, "/", "https") == []


SNIPPETS = {"annotations-risk-level": "Critical", "allow-snippet-annotations": "true"}


@pytest.mark.parametrize(
    "snippet",
    [
        'proxy_set_header X-Team "shop $host";',
        'proxy_set_header X-Team shop;\nproxy_set_header X-Method $request_method; add_header X-Seen "by nobody";',
        "",
    ],
)
def test_headers_of_an_auth_snippet_are_sent_with_the_question(snippet: str) -> None:
    witnesses = both({"auth-url": URL, "auth-snippet": snippet}, settings=SNIPPETS)
    assert "SNIPPET-NOT-CONVERTED" not in codes_of(witnesses.plan, HOST)
    (guard,) = witnesses.nginx(HOST, "/x", "https").guards
    assert ("('x-team', 'shop" in guard.decides) is ("X-Team" in snippet)
    assert witnesses.disagreements(HOST, "/x", "https") == []


@pytest.mark.parametrize(
    "snippet",
    [
        "proxy_set_header X-Serial $ssl_client_serial;",
        "auth_request_set $user $upstream_http_x_user;",
        "proxy_set_header X-Original-URL /other;",
        "proxy_set_header X-A 1; proxy_set_header X-A 2;",
        'proxy_set_header X-A "";',
        "deny all;",
        "proxy_set_header X-A",
    ],
)
def test_an_auth_snippet_that_asks_for_more_holds_the_host_back(snippet: str) -> None:
    plan = both({"auth-url": URL, "auth-snippet": snippet}, settings=SNIPPETS).plan
    assert "SNIPPET-NOT-CONVERTED" in codes_of(plan, HOST)
    assert not plan.conversion.verdicts[HOST].moves


def test_a_header_of_both_the_snippet_and_the_configmap_holds_the_host_back() -> None:
    named = {"auth-url": URL, "auth-snippet": "proxy_set_header X-Team a;", "auth-proxy-set-headers": "sent"}
    plan = both(named, configmap("sent", **{"X-Team": "b"}), settings=SNIPPETS).plan
    assert not plan.conversion.verdicts[HOST].moves


def test_a_snippet_that_nginx_removes_sends_nothing() -> None:
    removed = {"annotations-risk-level": "Critical"}
    witnesses = both({"auth-url": URL, "auth-snippet": "proxy_set_header X-Team shop;"}, settings=removed)
    (guard,) = witnesses.nginx(HOST, "/x", "https").guards
    assert "x-team" not in guard.decides
    assert witnesses.disagreements(HOST, "/x", "https") == []
