# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canary backends: both witnesses give a request to the same one (semantics.md B.10, D.7)."""

from __future__ import annotations

from typing import Any

import pytest

from manifests import Object, backend, ingress, path, service
from plans import codes_of, plan_of, routes_of
from witnesses import Witnesses

HOST = "c.example.test"
PRIMARY, CANARY = "shop/web:80", "shop/next:80"
LATER = "2024-01-02T00:00:00Z"


def canary(annotations: dict[str, str], *paths: Object, host: str = HOST, **fields: Any) -> Object:
    given = {"canary": "true", **annotations}
    where = paths or (path("/", "next"),)
    return ingress(host, *where, **{"name": "next", "created": LATER, "annotations": given, **fields})


def both(annotations: dict[str, str], *others: Object, **captured: Any) -> Witnesses:
    return Witnesses(plan_of(ingress(HOST), canary(annotations), service(), service("next"), *others, **captured))


BY_HEADER = {"canary-by-header": "X-C"}
BY_VALUE = {**BY_HEADER, "canary-by-header-value": "v"}
BY_COOKIE = {"canary-by-cookie": "cc"}
FULL = {"canary-weight": "100"}


@pytest.mark.parametrize(
    ("annotations", "headers", "expected"),
    [
        (BY_HEADER, {"x-c": "always"}, CANARY),
        (BY_HEADER, {"x-c": "never"}, PRIMARY),
        (BY_HEADER | FULL, {"x-c": "other"}, CANARY),
        (BY_HEADER | FULL, {"x-c": "never"}, PRIMARY),
        (BY_VALUE, {"x-c": "v"}, CANARY),
        (BY_VALUE, {"x-c": "V"}, PRIMARY),
        (BY_VALUE, {"x-c": "always"}, PRIMARY),
        (BY_VALUE | FULL, {"x-c": "never"}, CANARY),
        (BY_HEADER | {"canary-by-header-pattern": "^Do[A-Z]"}, {"x-c": "DoCanary"}, CANARY),
        (BY_HEADER | {"canary-by-header-pattern": "Do"}, {"x-c": "xxDoxx"}, CANARY),
        (BY_HEADER | {"canary-by-header-pattern": "do"}, {"x-c": "Do"}, PRIMARY),
        ({"canary-by-header": "X_C"}, {"x-c": "always"}, CANARY),
        ({"canary-by-header": "a.b"}, {"a.b": "always"}, PRIMARY),
        (BY_COOKIE, {"cookie": "cc=always"}, CANARY),
        (BY_COOKIE, {"cookie": "cc=Always"}, PRIMARY),
        (BY_COOKIE | FULL, {"cookie": "cc=never"}, PRIMARY),
        (BY_COOKIE, {"cookie": "a=1; cc=always"}, CANARY),
        (BY_COOKIE, {"cookie": "a=1; CC = always; b=2"}, CANARY),
        (BY_COOKIE, {"cookie": "cc=x; cc=always"}, PRIMARY),
        (BY_COOKIE, {"cookie": "xcc=always"}, PRIMARY),
        (BY_COOKIE, {"cookie": "ccx=1,cc=always"}, CANARY),
        (BY_COOKIE, {"cookie": "cc=always "}, PRIMARY),
        (BY_HEADER | BY_COOKIE, {"x-c": "never", "cookie": "cc=always"}, PRIMARY),
        (BY_HEADER | BY_COOKIE, {"x-c": "x", "cookie": "cc=always"}, CANARY),
        (BY_HEADER | FULL, {}, CANARY),
        ({"canary-weight": "-5"}, {}, PRIMARY),
        ({"canary-weight": "150"}, {}, CANARY),
        ({"affinity": "cookie", "rewrite-target": "/x", "auth-type": "basic", **BY_HEADER}, {}, PRIMARY),
    ],
)
def test_header_cookie_and_weight(annotations: dict[str, str], headers: dict[str, str], expected: str) -> None:
    witnesses = both(annotations)
    assert witnesses.nginx(HOST, "/", headers=headers).backend == expected
    assert witnesses.nginx(HOST, "/", headers=headers).shares == ()
    assert witnesses.disagreements(HOST, "/a?b", headers=headers) == []


@pytest.mark.parametrize(
    ("weight", "total", "share"), [("50", "100", 0.5), ("50", "200", 0.25), ("20", "50", 0.2), ("1", "3000000000", 0)]
)
def test_shares(weight: str, total: str, share: float) -> None:
    witnesses = both({"canary-weight": weight, "canary-weight-total": total})
    found = dict(witnesses.nginx(HOST, "/").shares)
    assert found.get(CANARY, 0) == pytest.approx(share, abs=1e-6)
    assert witnesses.disagreements(HOST, "/") == []


def test_a_canary_without_a_primary_has_no_effect() -> None:
    """semantics.md D.7 C18."""
    there = canary(BY_HEADER, path("/other", "next"))
    witnesses = Witnesses(plan_of(ingress(HOST), there, service(), service("next")))
    for target in ("/", "/other"):
        assert witnesses.nginx(HOST, target, headers={"x-c": "always"}).backend == PRIMARY
        assert witnesses.disagreements(HOST, target, headers={"x-c": "always"}) == []


def test_a_path_without_a_primary_removes_the_canary_everywhere() -> None:
    there = canary(BY_HEADER, path("/", "next"), path("/other", "next"))
    witnesses = Witnesses(plan_of(ingress(HOST), there, service(), service("next")))
    assert witnesses.nginx(HOST, "/", headers={"x-c": "always"}).backend == PRIMARY


def test_a_canary_follows_its_primary_to_other_hosts() -> None:
    """semantics.md D.7 C20."""
    witnesses = both(BY_HEADER, ingress("d.example.test", path("/x"), name="other"))
    assert witnesses.nginx("d.example.test", "/x", headers={"x-c": "always"}).backend == CANARY
    assert witnesses.disagreements("d.example.test", "/x", headers={"x-c": "always"}) == []


def test_only_the_first_canary_counts() -> None:
    second = canary(FULL, path("/", "third"), name="third", created="2024-01-03T00:00:00Z")
    witnesses = both(BY_HEADER, second, service("third"))
    assert witnesses.nginx(HOST, "/").backend == PRIMARY
    assert witnesses.disagreements(HOST, "/", headers={"x-c": "always"}) == []


def test_a_canary_that_was_an_ordinary_backend_before_stays_one() -> None:
    older = ingress("old.example.test", path("/", "next"), name="old")
    witnesses = both(FULL, older)
    assert witnesses.nginx(HOST, "/").backend == PRIMARY
    assert witnesses.nginx("old.example.test", "/").backend == CANARY
    assert witnesses.disagreements(HOST, "/") == []


@pytest.mark.parametrize(
    ("ready", "status", "expected"), [("web", 0, PRIMARY), ("next", 503, "")], ids=["canary empty", "primary empty"]
)
def test_a_service_without_endpoints(ready: str, status: int, expected: str) -> None:
    """semantics.md D.7 C21 and C22: nginx falls back to the primary, and never to the canary."""
    witnesses = both(BY_HEADER, serving=frozenset({("shop", ready)}))
    answer = witnesses.nginx(HOST, "/", headers={"x-c": "always"})
    assert (answer.status, answer.backend) == (status, expected)
    assert "CANARY-WITHOUT-ENDPOINTS" in codes_of(witnesses.plan)
    assert witnesses.disagreements(HOST, "/", headers={"x-c": "always"}) == []


def test_canary_values_without_canary_make_an_ordinary_ingress() -> None:
    """semantics.md D.7 C23."""
    witnesses = Witnesses(plan_of(ingress(HOST, annotations={"canary-weight": "100"}), service()))
    assert witnesses.nginx(HOST, "/").backend == PRIMARY
    assert witnesses.disagreements(HOST, "/") == []


def test_settings_of_the_location_hold_for_its_canary() -> None:
    settings = {"backend-protocol": "HTTPS", "upstream-vhost": "in.example.test", "proxy-next-upstream": "http_502"}
    plan = plan_of(
        ingress(HOST, annotations=settings), canary({"canary-weight": "20", **BY_COOKIE}), service(), service("next")
    )
    witnesses = Witnesses(plan)
    for method in ("GET", "POST"):
        for cookie in ("", "cc=always", "cc=never"):
            headers = {"cookie": cookie} if cookie else {}
            assert witnesses.disagreements(HOST, "/", method=method, headers=headers) == []
    for route in routes_of(plan, HOST):
        assert all(entry["destination"]["subset"] for entry in route["route"])
        assert route["rewrite"] == {"authority": "in.example.test"}


@pytest.mark.parametrize(
    "annotations",
    [
        {"canary-by-header": "Host"},
        {"canary-by-header": "X-C", "canary-by-header-pattern": "(?=x)"},
        {"canary-by-header": "X-C", "canary-by-header-pattern": "("},
        {"canary-by-cookie": "c" * 300},
    ],
)
def test_what_no_route_can_say_stays_on_nginx(annotations: dict[str, str]) -> None:
    witnesses = both(annotations)
    assert "CANARY-NOT-CONVERTED" in codes_of(witnesses.plan, HOST)
    assert not witnesses.plan.conversion.verdicts[HOST].moves


def test_the_default_backend_of_a_canary_is_for_the_default_server() -> None:
    primary = ingress("", path("/x"), name="any")
    shared = canary(FULL, host="unused.example.test", default=backend("next"))
    witnesses = Witnesses(plan_of(primary, shared, service(), service("next")))
    assert witnesses.nginx("nobody.example.test", "/x").backend == CANARY
