# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who comes in: both witnesses about addresses, agents and passwords (semantics.md A.3, B.14, B.20)."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.secrets import SecretFacts
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Acceptance, Options

from manifests import certificate, ingress, path, service
from plans import codes_of, plan_of
from witnesses import Witnesses

HOST = "a.example.test"
RIGHT = f"Basic {base64.b64encode(b'alice:secret').decode()}"
BASIC = {"auth-type": "basic", "auth-secret": "users"}


def users(*formats: str, name: str = "users", namespace: str = "shop") -> SecretFacts:
    return SecretFacts(namespace, name, ("auth",), "0" * 64, formats, formats)


def both(annotations: dict[str, str] | None = None, *, tls: bool = False, **captured: Any) -> Witnesses:
    return Witnesses(
        plan_of(
            ingress(HOST, path("/api/", "api"), annotations=annotations, tls="cert" if tls else None),
            service(),
            service("api"),
            **{"certificates": [certificate(HOST)], "secrets": [users("sha")], **captured},
        )
    )


def moves(witnesses: Witnesses) -> bool:
    return witnesses.plan.conversion.verdicts[HOST].moves


@pytest.mark.parametrize(
    ("annotations", "settings", "client", "status"),
    [
        ({"denylist-source-range": "192.0.2.0/24"}, {}, "192.0.2.1", 403),
        ({"denylist-source-range": "192.0.2.0/24"}, {}, "192.0.3.1", 0),
        ({"denylist-source-range": "192.0.2.1"}, {}, "192.0.2.1", 403),
        # What is denied is checked first.
        ({"denylist-source-range": "10.0.0.0/8", "allowlist-source-range": "10.1.0.0/16"}, {}, "10.1.2.3", 403),
        ({"denylist-source-range": "10.2.0.0/16", "allowlist-source-range": "10.0.0.0/8"}, {}, "10.1.2.3", 0),
        ({"denylist-source-range": "10.2.0.0/16", "allowlist-source-range": "10.0.0.0/8"}, {}, "192.0.2.1", 403),
        ({"allowlist-source-range": "2001:db8::/32"}, {}, "2001:db8::1", 0),
        ({"allowlist-source-range": "2001:db8::/32"}, {}, "192.0.2.1", 403),
        ({}, {"denylist-source-range": "192.0.2.0/24"}, "192.0.2.1", 403),
        ({"denylist-source-range": "10.0.0.0/8"}, {"denylist-source-range": "192.0.2.0/24"}, "192.0.2.1", 0),
        ({}, {"block-cidrs": "192.0.2.0/24"}, "192.0.2.1", 403),
        # nginx inherits rules of an outer block only where a location has none.
        ({"denylist-source-range": "10.0.0.0/8"}, {"block-cidrs": "192.0.2.0/24"}, "192.0.2.1", 0),
    ],
)
@pytest.mark.parametrize("target", ["/api/", "/unknown"])
def test_addresses(
    annotations: dict[str, str], settings: dict[str, str], client: str, status: int, target: str
) -> None:
    witnesses = both(annotations, settings=settings)
    expected = 404 if not status and target == "/unknown" else status
    assert witnesses.nginx(HOST, target, client=client).status == expected
    assert witnesses.disagreements(HOST, target, client=client) == []
    assert witnesses.disagreements(HOST, target, client="") == []


@pytest.mark.parametrize("value", ["", "10.0.0.0/33", "office"])
@pytest.mark.parametrize("name", ["allowlist-source-range", "whitelist-source-range", "denylist-source-range"])
def test_a_list_that_cannot_be_used_closes_the_paths(name: str, value: str) -> None:
    witnesses = both({name: value})
    # An alias counts only where it says something (semantics.md A).
    expected = 0 if name.startswith("white") and not value else 503
    assert witnesses.nginx(HOST, "/api/").status == expected
    assert witnesses.disagreements(HOST, "/api/") == []


def test_a_forwarded_address_counts_for_nothing_by_default() -> None:
    witnesses = both({"allowlist-source-range": "10.0.0.0/8"})
    headers = {"x-forwarded-for": "10.1.1.1"}
    assert witnesses.nginx(HOST, "/api/", headers=headers).status == 403
    assert witnesses.disagreements(HOST, "/api/", headers=headers) == []


def test_redirects_come_before_addresses_and_passwords() -> None:
    witnesses = both({"allowlist-source-range": "10.0.0.0/8", **BASIC}, tls=True)
    assert witnesses.nginx(HOST, "/api/").status == 308
    assert witnesses.disagreements(HOST, "/api/") == []
    assert witnesses.nginx(HOST, "/api/", "https").status == 403
    assert witnesses.disagreements(HOST, "/api/", "https") == []


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        ({"block-user-agents": "bad"}, {"user-agent": "BAD"}, 403),
        ({"block-user-agents": "bad"}, {"user-agent": "badger"}, 0),
        ({"block-user-agents": "~bad"}, {"user-agent": "a badger"}, 403),
        ({"block-user-agents": "~bad"}, {"user-agent": "a Badger"}, 0),
        ({"block-user-agents": "~*^bad|worse"}, {"user-agent": "even Worse"}, 403),
        ({"block-user-agents": "good,~*bot"}, {"user-agent": "some Bot"}, 403),
        ({"block-user-agents": "~^$"}, {}, 0),
        ({"block-user-agents": "~^$"}, {"user-agent": "x"}, 0),
        ({"block-referers": "~*evil\\.test"}, {"referer": "https://evil.test/"}, 403),
        ({"block-referers": "~*evil\\.test"}, {"referer": "https://evilxtest/"}, 0),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_block_lists_come_before_everything(
    settings: dict[str, str], headers: dict[str, str], status: int, scheme: str
) -> None:
    witnesses = both({}, tls=True, settings=settings)
    expected = status or (308 if scheme == "http" else 0)
    assert witnesses.nginx(HOST, "/api/", scheme, headers=headers).status == expected
    assert witnesses.disagreements(HOST, "/api/", scheme, headers=headers) == []


@pytest.mark.parametrize("entry", ["~(?=bad)", '""'])
def test_a_pattern_that_envoy_does_not_have_holds_hosts_back(entry: str) -> None:
    witnesses = both({}, settings={"block-user-agents": entry})
    assert not moves(witnesses)
    assert codes_of(witnesses.plan, HOST) == ["BLOCK-LIST-NOT-CONVERTED"]


@pytest.mark.parametrize("key", ["use-forwarded-headers", "enable-real-ip"])
def test_headers_that_nginx_believes_need_consent(key: str) -> None:
    annotations = {"allowlist-source-range": "10.0.0.0/8"}
    assert not moves(both(annotations, settings={key: "true"}))
    options = Options(accept=(Acceptance("FORWARDED-HEADERS-TRUSTED"),))
    witnesses = both(annotations, tls=True, settings={key: "true"}, options=options)
    assert moves(witnesses)
    # Every proxy is trusted by default, so the first address counts, which any client can choose.
    headers = {"x-forwarded-for": "10.1.1.1, 203.0.113.7", "x-forwarded-proto": "https"}
    assert witnesses.nginx(HOST, "/api/", "https", headers=headers).status == 0
    assert witnesses.istio(HOST, "/api/", "https", headers=headers).status == 403
    for scheme in ("http", "https"):
        assert witnesses.disagreements(HOST, "/api/", scheme, headers=headers) == []


def test_only_trusted_proxies_are_left_out_of_the_chain() -> None:
    settings = {"use-forwarded-headers": "true", "proxy-real-ip-cidr": "192.0.2.0/24"}
    witnesses = both({"allowlist-source-range": "10.0.0.0/8"}, settings=settings)
    passed = {"x-forwarded-for": "203.0.113.7, 10.1.1.1"}
    assert witnesses.nginx(HOST, "/api/", headers=passed).status == 0
    assert witnesses.nginx(HOST, "/api/", headers={"x-forwarded-for": "10.1.1.1, 203.0.113.7"}).status == 403
    assert witnesses.nginx(HOST, "/api/", headers=passed, client="198.51.100.1").status == 403


def test_proxy_protocol_needs_consent() -> None:
    assert not moves(both({}, settings={"use-proxy-protocol": "true"}))


@pytest.mark.parametrize("target", ["/api/", "/api/x?y=1", "/unknown"])
@pytest.mark.parametrize("authorization", ["", RIGHT, "Basic !!", "Bearer x", RIGHT.replace("Basic", "basic")])
def test_basic_authentication(target: str, authorization: str) -> None:
    witnesses = both(BASIC)
    assert moves(witnesses)
    headers = {"authorization": authorization} if authorization else {}
    nginx = witnesses.nginx(HOST, target, headers=headers)
    known = authorization.lower() == RIGHT.lower()
    assert nginx.guarded == known
    if known and target != "/unknown":
        assert nginx.request_headers["authorization"] == ""
    if not known:
        assert (nginx.status, nginx.headers["www-authenticate"]) == (401, 'Basic realm=""')
    assert witnesses.disagreements(HOST, target, headers=headers) == []


@pytest.mark.parametrize(
    ("annotations", "secrets"),
    [
        (BASIC, []),
        (BASIC, [users("sha", namespace="bank")]),
        ({**BASIC, "auth-secret": "bank/users"}, [users("sha", namespace="bank")]),
        (BASIC, [SecretFacts("shop", "users", ("alice",), "", (), ("sha",))]),
        ({**BASIC, "auth-secret-type": "my-auth-file"}, [users("sha")]),
        ({"auth-type": "basic"}, [users("sha")]),
        ({**BASIC, "auth-secret": "a/b/c"}, [users("sha")]),
    ],
)
def test_passwords_that_are_not_there_close_the_paths(annotations: dict[str, str], secrets: list[SecretFacts]) -> None:
    witnesses = both(annotations, secrets=secrets)
    assert witnesses.nginx(HOST, "/api/", headers={"authorization": RIGHT}).status == 503
    assert witnesses.disagreements(HOST, "/api/", headers={"authorization": RIGHT}) == []


def test_a_map_of_users_needs_no_key_of_its_own() -> None:
    secret = SecretFacts("shop", "users", ("alice",), "", (), ("sha",))
    witnesses = both({**BASIC, "auth-secret-type": "auth-map"}, secrets=[secret])
    assert witnesses.nginx(HOST, "/api/", headers={"authorization": RIGHT}).guards[0].decides == "shop/users auth-map"
    assert witnesses.disagreements(HOST, "/api/", headers={"authorization": RIGHT}) == []


@pytest.mark.parametrize(
    ("annotations", "code"),
    [
        ({"auth-secret": "users"}, "BASIC-AUTH-INACTIVE"),
        ({**BASIC, "auth-realm": "off"}, "BASIC-AUTH-INACTIVE"),
        ({**BASIC, "auth-type": "digest"}, "DIGEST-AUTH"),
        ({**BASIC, "satisfy": "any", "allowlist-source-range": "10.0.0.0/8"}, "SATISFY-ANY"),
    ],
)
def test_what_holds_a_host_back(annotations: dict[str, str], code: str) -> None:
    witnesses = both(annotations)
    assert code in codes_of(witnesses.plan, HOST)
    assert not moves(witnesses)


def test_a_host_that_only_looks_protected_moves_when_the_operator_says_so() -> None:
    options = Options(accept=(Acceptance("BASIC-AUTH-INACTIVE"),))
    witnesses = both({"auth-secret": "users"}, options=options)
    assert moves(witnesses)
    assert witnesses.nginx(HOST, "/api/").status == 0
    assert witnesses.disagreements(HOST, "/api/") == []


@pytest.mark.parametrize("formats", [("apr1",), ("apr1", "sha"), ("malformed",)])
def test_formats_that_envoy_cannot_check_hold_a_host_back(formats: tuple[str, ...]) -> None:
    witnesses = both(BASIC, secrets=[users(*formats)])
    assert codes_of(witnesses.plan, HOST) == ["PASSWORD-FORMAT"]
    assert not moves(witnesses)


def test_satisfy_any_of_one_check_is_that_check() -> None:
    witnesses = both({"satisfy": "any", "allowlist-source-range": "10.0.0.0/8"})
    assert moves(witnesses)
    assert witnesses.nginx(HOST, "/api/").status == 403
    assert witnesses.disagreements(HOST, "/api/") == []


def test_no_auth_locations_are_open() -> None:
    host = "b.example.test"
    witnesses = Witnesses(
        plan_of(
            ingress(host, path("/"), path("/.well-known/acme-challenge/t"), annotations=BASIC),
            service(),
            secrets=[users("sha")],
        )
    )
    assert witnesses.nginx(host, "/.well-known/acme-challenge/t").status == 0
    assert witnesses.nginx(host, "/").status == 401
    for target in ("/", "/.well-known/acme-challenge/t", "/.well-known/acme-challenge/other"):
        assert witnesses.disagreements(host, target) == []


@pytest.mark.parametrize("client", ["10.1.1.1", "192.0.2.1"])
@pytest.mark.parametrize("authorization", ["", RIGHT])
def test_checks_are_there_before_endpoints_are(client: str, authorization: str) -> None:
    witnesses = both({"allowlist-source-range": "10.0.0.0/8", **BASIC}, serving=frozenset({("shop", "web")}))
    headers = {"authorization": authorization} if authorization else {}
    assert witnesses.nginx(HOST, "/api/", headers=headers, client=client).status == 503
    refused = 403 if client == "192.0.2.1" else 401
    istio = witnesses.istio(HOST, "/api/", headers=headers, client=client)
    assert istio.status == (503 if client == "10.1.1.1" and authorization else refused)
    assert witnesses.disagreements(HOST, "/api/", headers=headers, client=client) == []


def test_manifests_let_nobody_in_which_needs_consent() -> None:
    witnesses = both(BASIC, options=Options(format="yaml"))
    assert "PASSWORDS-TO-BRING" in codes_of(witnesses.plan, HOST)
    assert not moves(witnesses)
