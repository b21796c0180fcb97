# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which probes a site gives: telling ones, safe ones, with what the model says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.differences import Difference
from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Request
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.answer import answer
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.intake import take_in
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.merge import build_site
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.site import Site
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.curl_config import Timeouts, configuration
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.planes import Plane
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.probes import (
    METHODS,
    Probe,
    read_probes,
    write_probes,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.synthesis import (
    DISGUISED,
    Bounds,
    request_host,
    synthesise,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests import bundle, certificate, ingress, path, service

HOST = "a.example.test"
CODES = ("REDIRECT-KEEPS-SLASH",)
PLANE = Plane("nginx", {"http": "127.0.0.1:1", "https": "127.0.0.1:1"})
CORS = {"enable-cors": "true", "cors-allow-origin": "https://app.test,https://*.b.test"}


def site_of(*objects: Any, names: tuple[str, ...] = (HOST, "*.w.example.test"), **options: Any) -> Site:
    captured = bundle(service(), *objects, certificates=[certificate(*names)], **options)
    return build_site(captured, take_in(captured))


def probes_of(site: Site, host: str = HOST, **options: Any) -> list[Probe]:
    return list(synthesise(site.servers[host], site, CODES, **options))


def targets(probes: list[Probe], why: str) -> set[tuple[str, str]]:
    return {(probe.scheme, probe.target) for probe in probes if probe.why == why}


def test_boundaries_of_a_location() -> None:
    probes = probes_of(site_of(ingress(HOST, path("/"), path("/api"), tls="cert")))
    assert targets(probes, "path") == {("https", "/"), ("https", "/api"), ("http", "/"), ("http", "/api")}
    assert targets(probes, "slash") == {("https", "/api/"), ("http", "/api/")}
    assert targets(probes, "suffix") == {("https", "/i2i-probe"), ("https", "/api/i2i-probe")}
    assert targets(probes, "neighbour") == {("https", "/apix"), ("https", "/ap")}
    assert targets(probes, "case") == {("https", "/API")}
    assert targets(probes, "encoded") == {("https", "/a%20b"), ("https", "/api/a%20b")}
    assert ("http", "/api?i2i-probe=1") in targets(probes, "query")
    assert targets(probes, "unknown") == {("https", "/i2i-probe-unknown"), ("http", "/i2i-probe-unknown")}
    assert Counter(probe.method for probe in probes if probe.method != "GET") == {"HEAD": 1}


def test_a_host_without_certificate_is_asked_over_http_in_full() -> None:
    probes = probes_of(site_of(ingress(HOST, path("/api"))))
    assert targets(probes, "neighbour") == {("http", "/apix"), ("http", "/ap")}
    assert ("https", "/api") in targets(probes, "path")


def test_a_probe_says_what_the_model_says() -> None:
    site = site_of(ingress(HOST, path("/api/"), tls="cert", annotations=CORS))
    probes = probes_of(site)
    for probe in probes:
        found = answer(site, Request(probe.host, probe.target, probe.scheme, probe.method, dict(probe.headers)))
        assert (probe.status, probe.location, probe.generated) == (found.status, found.location, not found.backend)
        assert probe.status != 400
    redirected = next(item for item in probes if (item.why, item.scheme, item.target) == ("path", "http", "/api/"))
    assert (redirected.status, redirected.location) == (308, f"https://{HOST}/api")
    assert redirected.described == (Difference("REDIRECT-KEEPS-SLASH", "location", f"https://{HOST}/api/"),)
    assert targets(probes, "slash") >= {("https", "/api")}
    assert {
        probe.status for probe in probes if (probe.scheme, probe.target, probe.why) == ("https", "/api", "slash")
    } == {301}


def test_origins_and_preflights() -> None:
    probes = probes_of(site_of(ingress(HOST, path("/"), tls="cert", annotations=CORS)))
    origins = {dict(probe.headers).get("origin"): probe.status for probe in probes if probe.why == "origin"}
    assert origins == {"https://app.test": 0, "https://i2i-probe.invalid": 0}
    preflights = {
        (probe.scheme, dict(probe.headers).get("origin", "")): probe.status
        for probe in probes
        if probe.why == "preflight"
    }
    assert preflights == {
        ("https", "https://app.test"): 204,
        ("https", "https://i2i-probe.invalid"): 0,
        ("https", ""): 0,
        ("http", "https://app.test"): 204,
    }
    assert all(probe.method == "OPTIONS" for probe in probes if probe.why == "preflight")


def test_any_origin_has_no_foreign_one() -> None:
    probes = probes_of(site_of(ingress(HOST, path("/"), annotations={"enable-cors": "true"})))
    assert len([probe for probe in probes if probe.why == "origin"]) == 1
    without = [probe for probe in probes if probe.why == "preflight" and "origin" not in dict(probe.headers)]
    assert [probe.status for probe in without] == [204]


def test_wildcard_origins_are_made_concrete() -> None:
    listed = {"enable-cors": "true", "cors-allow-origin": "https://*.b.test"}
    probes = probes_of(site_of(ingress(HOST, path("/"), annotations=listed)))
    assert "https://i2i-probe.b.test" in {dict(probe.headers).get("origin") for probe in probes}


def test_refused_paths_are_asked_in_disguise() -> None:
    listed = {"whitelist-source-range": "10.0.0.0/8"}
    site = site_of(
        ingress(HOST, path("/admin"), annotations=listed, name="admin"),
        ingress(HOST, path("/open"), name="open"),
    )
    probes = [probe for probe in probes_of(site) if probe.why == DISGUISED]
    assert {probe.target for probe in probes} == {"//admin", "/i2i-probe/../admin", "/%61dmin"}
    assert all(probe.guarded for probe in probes), "nginx's answer depends on where the probe comes from"


def test_disguises_that_would_reach_a_backend_or_a_redirect_are_left_out() -> None:
    # Behind /%61dmin and the others nginx finds the same path: only what it answers by itself there may be compared.
    site = site_of(ingress(HOST, path("/admin", service="none"), path("/")))
    disguised = [probe for probe in probes_of(site) if probe.why == DISGUISED]
    assert {probe.status for probe in disguised} == {503}
    open_site = site_of(ingress(HOST, path("/admin"), path("/")))
    assert not targets(probes_of(open_site), DISGUISED)


def test_wildcards_are_asked_for_with_one_label_and_with_two() -> None:
    site = site_of(ingress("*.w.example.test", path("/"), tls="cert"))
    probes = probes_of(site, "*.w.example.test")
    assert {probe.server for probe in probes} == {"*.w.example.test"}
    assert Counter(probe.host for probe in probes if probe.why == "path") == {"i2i-probe.w.example.test": 2}
    two = [probe for probe in probes if probe.why == "labels"]
    assert [(item.scheme, item.host, item.status) for item in two] == [("http", "a.i2i-probe.w.example.test", 404)]


def test_two_labels_are_not_asked_for_where_a_catch_all_answers() -> None:
    everything = ingress("", path("/"), name="all")
    site = site_of(ingress("*.w.example.test", path("/")), everything)
    assert not targets(probes_of(site, "*.w.example.test"), "labels")


def test_the_name_asked_for_is_no_other_host() -> None:
    assert request_host(HOST, {HOST}) == HOST
    taken = {"i2i-probe.w.test", "i2i-probe1.w.test"}
    assert request_host("*.w.test", taken) == "i2i-probe2.w.test"


def test_upgrades_only_on_demand_once_and_on_a_backend() -> None:
    gone = ingress(HOST, path("/long/gone", "missing"), path("/ws"), path("/"))
    site = site_of(gone)
    assert not targets(probes_of(site), "upgrade")
    assert targets(probes_of(site, upgrade=True), "upgrade") == {("http", "/ws")}
    upgrade = next(probe for probe in probes_of(site, upgrade=True) if probe.why == "upgrade")
    assert dict(upgrade.headers)["upgrade"] == "websocket"


def test_bounds_keep_the_most_telling_probes_of_every_location() -> None:
    paths = [path(f"/p{number:03}") for number in range(100)]
    site = site_of(ingress(HOST, *paths, annotations=CORS))
    probes = probes_of(site, bounds=Bounds(per_location=14, per_host=150))
    assert len(probes) == 150
    assert {probe.target for probe in probes if probe.why == "path"} == {"/", *(f"/p{n:03}" for n in range(100))}
    few = probes_of(site, bounds=Bounds(per_location=3, per_host=10_000))
    assert max(Counter(probe.target for probe in few if probe.target.startswith("/p")).values()) <= 3
    assert len(probes_of(site, bounds=Bounds(per_host=10_000))) <= 101 * 14 + 3


def test_regular_expressions_are_asked_for_by_their_literal_beginning() -> None:
    annotations = {"use-regex": "true", "rewrite-target": "/$2"}
    site = site_of(ingress(HOST, path("/api(/|$)(.*)", type_="ImplementationSpecific"), annotations=annotations))
    probes = probes_of(site)
    assert ("http", "/api") in targets(probes, "path")
    assert all(probe.target.isascii() for probe in probes)


def test_the_default_server_is_asked_by_a_name_that_no_rule_takes() -> None:
    site = site_of(ingress("", path("/"), name="all"), ingress("i2i-probe.unknown.invalid", path("/"), name="odd"))
    probes = list(synthesise(site.servers["_"], site, CODES))
    assert {probe.host for probe in probes} == {"i2i-probe1.unknown.invalid"}
    assert all(probe.generated is False for probe in probes if probe.target == "/")


def test_lines_hold_the_whole_probe(tmp_path: Path) -> None:
    site = site_of(
        ingress(HOST, path("/api/"), tls="cert", annotations=CORS),
        ingress("*.w.example.test", path("/"), name="w", tls="cert"),
    )
    probes = probes_of(site, upgrade=True) + probes_of(site, "*.w.example.test")
    file = tmp_path / "shop.jsonl"
    assert write_probes(probes, file) == len(probes)
    assert list(read_probes(file)) == probes
    with pytest.raises(TypeError):
        Probe.from_dict({**probes[0].as_dict(), "unknown": 1})
    with pytest.raises(KeyError):
        Probe.from_dict({})


PATHS = st.text(st.sampled_from("/ab.%\"\\'{};?# é\t|[]()*+$@:~"), max_size=12).map(lambda text: f"/{text}")
RULES = st.lists(
    st.tuples(PATHS, st.sampled_from(["Prefix", "Exact", "ImplementationSpecific"])), min_size=1, max_size=6
)
POLICIES = st.sampled_from(
    [
        {},
        CORS,
        {"enable-cors": "true"},
        {"whitelist-source-range": "10.0.0.0/8"},
        {"force-ssl-redirect": "true"},
        {"ssl-redirect": "false"},
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    rules=RULES,
    annotations=POLICIES,
    secret=st.sampled_from(["cert", None]),
    host=st.sampled_from([HOST, "*.w.example.test"]),
)
def test_whatever_the_site_probes_are_safe_sendable_and_never_twice(
    rules: list[tuple[str, str]], annotations: dict[str, str], secret: str | None, host: str
) -> None:
    paths = [path(text, type_=kind) for text, kind in rules]
    site = site_of(ingress(host, *paths, annotations=annotations, tls=secret))
    probes = probes_of(site, host, upgrade=True)
    assert probes == probes_of(site, host, upgrade=True)
    assert len({probe.id for probe in probes}) == len(probes)
    assert {probe.method for probe in probes} <= METHODS
    assert not any(probe.status == 400 for probe in probes)
    assert configuration(probes, PLANE, Path("/nowhere"), Timeouts()).count(b"\nnext\n") == len(probes) - 1


@pytest.mark.parametrize("text", ["/a b", '/a"b', "/a%b", "/a;b", "/a\\b", "/a?b#c"])
def test_paths_are_spelt_so_that_nginx_reads_them_back(text: str) -> None:
    site = site_of(ingress(HOST, path(text, type_="Exact"), path("/", "gone")))
    asked = [probe for probe in probes_of(site) if probe.why == "path" and probe.target != "/"]
    assert [probe.status for probe in asked] == [0, 0]


def test_what_is_true_of_every_gateway_is_predicted_for_hosts_without_findings() -> None:
    site = site_of(ingress(HOST, path("/"), annotations={"app-root": "/app"}))
    roots = [item for item in synthesise(site.servers[HOST], site, ()) if item.target == "/" and item.method == "GET"]
    hsts = Difference("SERVER-ANSWER-HSTS", "header:strict-transport-security", "max-age=31536000; includeSubDomains")
    # Seen at both planes: nginx answers before it has a location, and so without the header.
    assert {item.scheme: item.described for item in roots} == {"http": (), "https": (hsts,)}


def test_what_is_too_long_to_be_sent_is_no_probe_and_keeps_no_other_from_being_sent() -> None:
    probes = probes_of(site_of(ingress(HOST, path("/"), path("/" + "a" * 8001))))
    assert ("http", "/") in targets(probes, "path")
    assert all(len(probe.target) <= 8000 for probe in probes)
    assert configuration(probes, PLANE, Path("/x"), Timeouts())
