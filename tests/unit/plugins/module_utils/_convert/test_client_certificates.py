# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client certificates: who asks for them, who else may be reached by the same server, what backends hear."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.secrets import SecretFacts
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Acceptance, Options

from manifests import Object, certificate, ingress, path, service
from plans import codes_of, objects_of, plan_of, units_of
from witnesses import Witnesses

HOST = "a.example.test"
OTHER = "b.example.test"
MUTUAL = {"auth-tls-secret": "shop/ca"}
CA = SecretFacts("shop", "ca", ("ca.crt",), "0" * 64, authority="1" * 64)
OWN = certificate(HOST)
FORGED = {"ssl-client-verify": "SUCCESS", "ssl-client-subject-dn": "CN=x", "ssl-client-cert": "x"}


def both(annotations: dict[str, str], *objects: Object, **captured: Any) -> Witnesses:
    return Witnesses(
        plan_of(
            ingress(HOST, path("/api/", "api"), annotations=annotations, tls="cert"),
            service(),
            service("api"),
            *objects,
            **{"certificates": [OWN], "secrets": [CA], **captured},
        )
    )


def moves(witnesses: Witnesses, host: str = HOST) -> bool:
    return witnesses.plan.conversion.verdicts[host].moves


def tls_servers(witnesses: Witnesses) -> dict[str, Object]:
    servers = [server for obj in objects_of(witnesses.plan, "Gateway") for server in obj["spec"]["servers"]]
    return {server["hosts"][0]: server["tls"] for server in servers if "tls" in server}


@pytest.mark.parametrize(
    ("annotations", "mode", "verified"),
    [
        ({}, "MUTUAL", "SUCCESS"),
        ({"auth-tls-verify-client": "on"}, "MUTUAL", "SUCCESS"),
        # Not anchored upstream, and then none of the values.
        ({"auth-tls-verify-client": "once"}, "MUTUAL", "SUCCESS"),
        ({"auth-tls-verify-client": "optional"}, "OPTIONAL_MUTUAL", "(verified)"),
        ({"auth-tls-verify-client": "off"}, "SIMPLE", "NONE"),
        ({"auth-tls-pass-certificate-to-upstream": "true"}, "MUTUAL", "SUCCESS"),
    ],
)
@pytest.mark.parametrize("target", ["/api/", "/api", "/other"])
def test_modes(annotations: dict[str, str], mode: str, verified: str, target: str) -> None:
    witnesses = both({**MUTUAL, **annotations, "ssl-redirect": "false"})
    assert moves(witnesses)
    assert tls_servers(witnesses)[f"shop/{HOST}"]["mode"] == mode
    if target == "/api/":
        assert witnesses.nginx(HOST, target, "https").request_headers["ssl-client-verify"] == verified
        assert witnesses.nginx(HOST, target, "http").request_headers["ssl-client-verify"] == ""
        # What a client claims never gets through.
        assert witnesses.istio(HOST, target, "http", headers=FORGED).request_headers["ssl-client-cert"] == ""
    for scheme in ("http", "https"):
        assert witnesses.disagreements(HOST, target, scheme, headers=FORGED) == []


def test_the_authority_is_copied_and_chains_are_limited() -> None:
    witnesses = both({**MUTUAL, "auth-tls-verify-depth": "3"})
    credential = tls_servers(witnesses)[f"shop/{HOST}"]["credentialName"]
    copied = {item.name: item for item in units_of(witnesses.plan)["shop"].credentials}
    assert copied[f"{credential}-cacert"].authority
    assert copied[f"{credential}-cacert"].source == ("shop", "ca")
    assert witnesses.istio(HOST, "/api/", "https").guards[0].decides == "on depth 3"
    assert witnesses.disagreements(HOST, "/api/", "https") == []


@pytest.mark.parametrize("target", ["/api/", "/api", "/other"])
def test_a_subject_that_must_match(target: str) -> None:
    witnesses = both({**MUTUAL, "auth-tls-match-cn": "CN=(good|fine)", "app-root": "/api/"})
    assert moves(witnesses)
    # Over http there is no subject, and this comes before the redirect.
    assert witnesses.nginx(HOST, target).status == 403
    for scheme in ("http", "https"):
        assert witnesses.disagreements(HOST, target, scheme) == []
        assert witnesses.disagreements(HOST, "/", scheme) == []
    assert "subject CN=(good|fine) 403" in " ".join(
        f"{item.kind} {item.decides} {item.refusal}" for item in witnesses.istio(HOST, target, "https").guards
    )


@pytest.mark.parametrize(
    "secrets",
    [
        [],
        [SecretFacts("shop", "ca", ("ca.crt",))],
        [SecretFacts("shop", "ca", ("other",))],
    ],
)
@pytest.mark.parametrize("target", ["/api/", "/api", "/other", "/b/x"])
def test_a_secret_that_cannot_be_used_closes_the_whole_host(secrets: list[SecretFacts], target: str) -> None:
    witnesses = both(MUTUAL, ingress(HOST, path("/b/"), name="second"), secrets=secrets)
    for scheme in ("http", "https"):
        assert witnesses.nginx(HOST, target, scheme).status == 403
        assert witnesses.disagreements(HOST, target, scheme) == []


def test_a_secret_without_authority_leaves_the_host_open_and_needs_consent() -> None:
    secret = SecretFacts("shop", "ca", ("tls.crt", "tls.key"))
    witnesses = both(MUTUAL, secrets=[secret])
    assert codes_of(witnesses.plan, HOST)[0] == "CLIENT-CERTIFICATE-INACTIVE"
    assert not moves(witnesses)
    options = Options(accept=(Acceptance("CLIENT-CERTIFICATE-INACTIVE"),))
    open_host = both(MUTUAL, secrets=[secret], options=options)
    assert open_host.nginx(HOST, "/api/", "https").status == 0
    assert open_host.disagreements(HOST, "/api/", "https") == []


@pytest.mark.parametrize(
    ("own", "others"),
    [
        (certificate("*.example.test"), certificate("*.example.test", secret="other")),
        (certificate("*.example.test"), certificate(OTHER, secret="other")),
        (certificate(HOST, OTHER), certificate(OTHER, secret="other")),
        (certificate(HOST), certificate(HOST, OTHER, secret="other")),
        (certificate("elsewhere.example.test"), certificate(OTHER, secret="other")),
    ],
)
def test_a_host_that_asks_shares_its_certificate_with_nobody_who_does_not(own: Any, others: Any) -> None:
    neighbour = ingress(OTHER, path("/"), name="other", tls="other")
    witnesses = both(MUTUAL, neighbour, certificates=[own, others])
    assert "CLIENT-CERTIFICATE-SHARED" in codes_of(witnesses.plan, HOST)
    assert not moves(witnesses)
    assert moves(witnesses, OTHER)


def test_no_other_server_leads_to_a_host_that_asks() -> None:
    wildcard = ingress("*.example.test", path("/"), name="wild", tls="wild")
    witnesses = both(MUTUAL, wildcard, certificates=[OWN, certificate("*.example.test", secret="wild")])
    assert moves(witnesses)
    assert moves(witnesses, "*.example.test")
    answer = witnesses.istio(HOST, "/api/", "https", sni=OTHER)
    assert answer.backend != "shop/api:80"
    assert witnesses.nginx(HOST, "/api/", "https", sni=OTHER).status == 421


def test_any_certificate_is_a_matter_of_consent() -> None:
    annotations = {**MUTUAL, "auth-tls-verify-client": "optional_no_ca"}
    assert not moves(both(annotations))
    witnesses = both(annotations, options=Options(accept=(Acceptance("CLIENT-CERTIFICATE-UNVERIFIED"),)))
    assert moves(witnesses)
    assert witnesses.disagreements(HOST, "/api/", "https") == []


def test_the_oldest_ingress_with_an_authority_decides() -> None:
    later = ingress(
        HOST,
        path("/late/"),
        name="late",
        created="2025-01-01T00:00:00Z",
        annotations={"auth-tls-secret": "shop/ca", "auth-tls-verify-client": "optional"},
    )
    witnesses = both(MUTUAL, later)
    assert witnesses.nginx(HOST, "/late/", "https").guards[0].decides == "on depth 1"
    assert witnesses.disagreements(HOST, "/late/", "https") == []


@pytest.mark.parametrize("target", ["/x/%zz", "/api/%zz"])
def test_a_malformed_target_is_refused_after_the_handshake(target: str) -> None:
    witnesses = both(MUTUAL)
    assert witnesses.nginx(HOST, target, "https").status == 400
    assert witnesses.disagreements(HOST, target, "https") == []


def test_checks_behind_the_handshake_are_there_before_endpoints_are() -> None:
    annotations = {**MUTUAL, "allowlist-source-range": "10.0.0.0/8"}
    witnesses = both(annotations, serving=frozenset({("shop", "web")}))
    assert witnesses.nginx(HOST, "/api/", "https").status == 503
    assert witnesses.istio(HOST, "/api/", "https").status == 403
    assert witnesses.disagreements(HOST, "/api/", "https") == []


def test_names_too_deep_for_a_wildcard_meet_its_handshake_on_the_gateway() -> None:
    host = "*.example.test"
    plan = plan_of(
        ingress(host, annotations=MUTUAL, tls="cert"), service(), certificates=[certificate(host)], secrets=[CA]
    )
    assert Witnesses(plan).disagreements("x.y.example.test", "/", "https") == []


def test_a_canary_without_a_host_of_its_own_speaks_of_the_default_server() -> None:
    canary = {**MUTUAL, "canary": "true", "canary-weight": "0"}
    orphan = ingress("new.example.test", name="orphan", annotations=canary, tls="cert")
    witnesses = both({}, orphan)
    assert [guard.kind for guard in witnesses.nginx("new.example.test", "/", "https").guards] == ["certificate"]
    assert witnesses.nginx(HOST, "/", "https").guards == ()
    assert moves(witnesses)
