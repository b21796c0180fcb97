# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and TLS of whole hosts, by semantics.md A.1 1, 8, 9 and B.6."""

from __future__ import annotations

import pytest

from manifests import Object, certificate, ingress, path, service
from plans import codes_of, plan_of
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


def test_ciphers_need_consent() -> None:
    plan = plan_of(_named("a", "a.example.com", ssl_ciphers="ECDHE-RSA-AES128-GCM-SHA256"), service())
    assert "CIPHERS-LOST" in codes_of(plan, "a.example.com")
    assert not plan.conversion.verdicts["a.example.com"].moves
