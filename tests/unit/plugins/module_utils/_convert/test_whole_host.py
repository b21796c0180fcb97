# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and TLS of whole hosts, by semantics.md A.1 1, 8, 9 and B.6."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan

from manifests import PREFIX, Object, certificate, ingress, path, service
from plans import codes_of, objects_of, plan_of
from witnesses import Witnesses


def _named(name: str, host: str, **annotations: str) -> Object:
    marked = {key.replace("_", "-"): value for key, value in annotations.items()}
    return ingress(host, name=name, annotations=marked)


def test_an_alias_answers_like_its_host() -> None:
    both = Witnesses(plan_of(_named("a", "a.example.com", server_alias="b.example.com, c.example.com"), service()))
    for host in ("a.example.com", "b.example.com", "c.example.com"):
        assert both.nginx(host, "/x").backend == "shop/web:80"
        assert both.istio(host, "/x").backend == "shop/web:80"
        assert both.disagreements(host, "/x") == []


def test_an_alias_that_is_a_host_of_its_own_is_discarded() -> None:
    other = ingress("b.example.com", path("/", "other"), name="b")
    plan = plan_of(_named("a", "a.example.com", server_alias="b.example.com"), other, service(), service("other"))
    assert Witnesses(plan).nginx("b.example.com", "/").backend == "shop/other:80"
    assert Witnesses(plan).disagreements("b.example.com", "/") == []


@pytest.mark.parametrize(("names", "status"), [(["a.example.com"], 0), (["a.example.com", "b.example.com"], 308)])
def test_only_an_alias_that_the_certificate_covers_redirects_to_https(names: list[str], status: int) -> None:
    first = ingress("a.example.com", tls="cert", annotations={"server-alias": "b.example.com"})
    both = Witnesses(plan_of(first, service(), certificates=[certificate(*names)]))
    assert both.nginx("a.example.com", "/").status == 308
    assert both.nginx("b.example.com", "/").status == status
    assert both.disagreements("b.example.com", "/") == []


@pytest.mark.parametrize("alias", ["*.example.org", "~^x.+$"])
def test_an_alias_for_many_names_holds_its_host_back(alias: str) -> None:
    plan = plan_of(_named("a", "a.example.com", server_alias=alias), service())
    assert "ALIAS-IS-PATTERN" in codes_of(plan, "a.example.com")
    assert not plan.conversion.verdicts["a.example.com"].moves


def test_passthrough_without_its_argument_means_nothing() -> None:
    plan = plan_of(_named("a", "a.example.com", ssl_passthrough="true"), service())
    assert plan.conversion.verdicts["a.example.com"].moves


STRONG = "ECDHE-RSA-AES128-GCM-SHA256"


def _suites(plan: Plan) -> dict[str, list[str]]:
    servers = [item for obj in objects_of(plan, "Gateway") for item in obj["spec"]["servers"] if "tls" in item]
    return {item["hosts"][0].rpartition("/")[2]: item["tls"].get("cipherSuites", []) for item in servers}


def test_a_host_with_a_certificate_of_its_own_has_ciphers_of_its_own() -> None:
    first = ingress("a.example.com", tls="cert", annotations={"ssl-ciphers": f"{STRONG}:DHE-RSA-AES128-GCM-SHA256"})
    plan = plan_of(first, service(), certificates=[certificate("a.example.com")])
    assert codes_of(plan, "a.example.com") == ["CIPHERS-MISSING", "REDIRECT-KEEPS-SLASH"]
    assert _suites(plan) == {"a.example.com": [STRONG], "*": []}


def test_the_oldest_list_of_a_host_counts() -> None:
    newer = ingress("a.example.com", path("/b"), name="b", created="2025-01-01T00:00:00Z")
    newer["metadata"]["annotations"][f"{PREFIX}/ssl-ciphers"] = "AES128-SHA"
    first = ingress("a.example.com", tls="cert", annotations={"ssl-ciphers": STRONG})
    plan = plan_of(first, newer, service(), certificates=[certificate("a.example.com")])
    assert _suites(plan)["a.example.com"] == [STRONG]


@pytest.mark.parametrize(
    ("ciphers", "names", "secret"),
    [
        ("HIGH:!aNULL", ["a.example.com"], "cert"),
        (STRONG, ["a.example.com", "b.example.com"], "cert"),
        (STRONG, ["*.example.com"], "cert"),
        (STRONG, ["a.example.com"], None),
    ],
)
def test_ciphers_that_no_server_can_have_for_the_host_alone_need_consent(
    ciphers: str, names: list[str], secret: str | None
) -> None:
    first = ingress("a.example.com", tls=secret, annotations={"ssl-ciphers": ciphers})
    plan = plan_of(first, ingress("b.example.com", name="b"), service(), certificates=[certificate(*names)])
    assert "CIPHERS-LOST" in codes_of(plan, "a.example.com")
    assert not plan.conversion.verdicts["a.example.com"].moves
    assert plan.conversion.verdicts["b.example.com"].moves


def test_hosts_that_share_a_certificate_may_ask_for_the_same_ciphers() -> None:
    hosts = ingress(["a.example.com", "b.example.com"], tls="cert", annotations={"ssl-ciphers": STRONG})
    plan = plan_of(hosts, service(), certificates=[certificate("a.example.com", "b.example.com")])
    assert _suites(plan)["a.example.com"] == [STRONG]
