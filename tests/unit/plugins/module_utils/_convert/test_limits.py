# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Body sizes and rates (semantics.md B.15, B.16; golden B01 to B05, L01 to L03)."""

from __future__ import annotations

from typing import Any

import pytest

from manifests import certificate, ingress, path, service
from plans import codes_of, objects_of, plan_of
from witnesses import Witnesses

HOST = "a.example.test"
MEBIBYTE = 1024 * 1024


def both(annotations: dict[str, str] | None = None, *, tls: bool = False, **captured: Any) -> Witnesses:
    obj = ingress(HOST, path("/"), path("/dir/"), annotations=annotations, tls="cert" if tls else None)
    return Witnesses(plan_of(obj, service(), certificates=[certificate(HOST)], **captured))


@pytest.mark.parametrize(
    ("annotations", "length", "status"),
    [
        ({}, MEBIBYTE, 0),
        ({}, MEBIBYTE + 1, 413),
        ({"proxy-body-size": "2m"}, MEBIBYTE * 3 // 2, 0),
        ({"proxy-body-size": "2m"}, MEBIBYTE * 2 + 1, 413),
        ({"proxy-body-size": "0"}, 50 * MEBIBYTE, 0),
        ({"proxy-body-size": "8MB"}, MEBIBYTE + 1, 413),  # not valid: the default counts
    ],
)
def test_bodies_are_limited_by_their_length(annotations: dict[str, str], length: int, status: int) -> None:
    witnesses = both(annotations)
    assert witnesses.nginx(HOST, "/", method="POST", body_length=length).status == status
    assert witnesses.disagreements(HOST, "/", method="POST", body_length=length) == []


@pytest.mark.parametrize("target", ["/", "/dir"])
def test_the_size_is_looked_at_before_redirects(target: str) -> None:
    witnesses = both({"proxy-body-size": "1k"}, tls=True)
    for length, status in ((1024, (308, 301)), (1025, (413,))):
        assert witnesses.nginx(HOST, target, method="POST", body_length=length).status in status
        assert witnesses.disagreements(HOST, target, method="POST", body_length=length) == []


def test_app_root_is_answered_whatever_the_size() -> None:
    witnesses = both({"app-root": "/app"})
    assert witnesses.nginx(HOST, "/", body_length=2 * MEBIBYTE).status == 302
    assert witnesses.disagreements(HOST, "/", body_length=2 * MEBIBYTE) == []


def test_a_size_of_the_controller_that_nginx_cannot_read_is_no_limit_less() -> None:
    witnesses = both(settings={"proxy-body-size": "1mb"})
    assert witnesses.nginx(HOST, "/", method="POST", body_length=MEBIBYTE + 1).status == 413
    assert "SETTING-IGNORED" in codes_of(witnesses.plan)


def buckets(witnesses: Witnesses) -> list[dict[str, Any]]:
    (parity,) = (obj for obj in objects_of(witnesses.plan, "EnvoyFilter") if obj["metadata"]["name"] == "i2i-parity")
    filters = [patch["patch"]["value"] for patch in parity["spec"]["configPatches"]]
    return [item for value in filters for item in value.get("typed_config", {}).get("descriptors", [])]


def test_all_routes_of_an_ingress_share_a_bucket_for_each_client() -> None:
    witnesses = both({"limit-rps": "1", "limit-rpm": "30", "limit-burst-multiplier": "3"})
    assert [item["token_bucket"] for item in buckets(witnesses)] == [
        {"max_tokens": 4, "tokens_per_fill": 1, "fill_interval": "1s"},
        {"max_tokens": 91, "tokens_per_fill": 30, "fill_interval": "60s"},
    ]
    assert all(item["entries"][-1] == {"key": "remote_address"} for item in buckets(witnesses))
    for target in ("/", "/dir/x", "/other"):
        assert witnesses.nginx(HOST, target).limits == ("shop/web 1 in 1s burst 3", "shop/web 30 in 60s burst 90")
        assert witnesses.disagreements(HOST, target) == []


def test_clients_on_the_allowlist_are_not_counted() -> None:
    witnesses = both({"limit-rps": "1", "limit-whitelist": "10.0.0.0/8,192.0.2.7"})
    assert witnesses.nginx(HOST, "/").limits == ("shop/web 1 in 1s burst 5 except 10.0.0.0/8,192.0.2.7",)
    assert witnesses.disagreements(HOST, "/") == []


@pytest.mark.parametrize(
    "annotations",
    [
        {"limit-rps": "2000000000"},
        {"limit-rpm": "9223372036854775807"},
        {"limit-rps": "1", "limit-burst-multiplier": "4294967295"},
    ],
)
def test_a_rate_that_no_bucket_holds_keeps_its_host_and_harms_no_other(annotations: dict[str, str]) -> None:
    plan = plan_of(ingress(HOST, annotations=annotations), ingress("b.example.test", name="b"), service())
    assert "RATE-TOO-LARGE" in codes_of(plan, HOST)
    assert not plan.conversion.verdicts[HOST].moves
    assert buckets(Witnesses(plan)) == []


@pytest.mark.parametrize(
    ("code", "status", "finding"),
    [("429", 429, ""), ("42", 503, "SETTING-IGNORED"), ("460", 503, "SETTING-NOT-CONVERTED")],
)
def test_the_status_of_the_limit(code: str, status: int, finding: str) -> None:
    plan = plan_of(ingress(HOST), service(), settings={"limit-req-status-code": code, "limit-conn-status-code": "429"})
    assert plan.site.settings.limit_status == status
    assert not finding or finding in codes_of(plan)
    assert plan.conversion.verdicts[HOST].moves == (finding != "SETTING-NOT-CONVERTED")


@pytest.mark.parametrize(
    ("key", "counted"), [("$binary_remote_addr", True), ("$remote_addr", True), ("$http_x_user", False)]
)
def test_only_clients_are_counted(key: str, counted: bool) -> None:
    limited = ingress(HOST, annotations={"limit-rps": "5"})
    other = ingress("other.example.com", name="other")
    plan = plan_of(limited, other, service(), settings={"limit-conn-zone-variable": key})
    assert ("RATE-OF-NO-CLIENT" not in codes_of(plan, HOST)) is counted
    assert plan.conversion.verdicts[HOST].moves is counted
    assert plan.conversion.verdicts["other.example.com"].moves
