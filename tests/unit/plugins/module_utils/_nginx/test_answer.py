# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nginx witness against answers of a real controller (semantics.md D.1, D.5, D.6, D.10, D.11).

The identifiers of the cases are those of the golden probes.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Answer, Request
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.answer import answer
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.intake import take_in
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.merge import build_site
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.site import Site

from manifests import backend, bundle, certificate, ingress, path, service

HSTS = "max-age=31536000; includeSubDomains"


def site_of(*objects: Any, services: str = "", **options: Any) -> Site:
    """Return the site of some Ingresses and of Services by name, all in namespace d."""
    captured = bundle(*objects, *(service(name, "d") for name in services.split()), **options)
    return build_site(captured, take_in(captured))


def aged(number: int) -> str:
    return f"2024-01-01T00:{number:02}:00Z"


def backend_of(found: Answer) -> str:
    """Return the short name of the backend, or the status of nginx's own answer."""
    return found.backend.removeprefix("d/").removesuffix(":80") if found.backend else str(found.status)


def static_site() -> Site:
    rules = [
        ("/", "Prefix", "root"),
        ("/foo", "Prefix", "foo"),
        ("/foo/bar", "Prefix", "foobar"),
        ("/exact", "Exact", "ex"),
        ("/dir/", "Prefix", "dir"),
        ("/both", "Exact", "bexact"),
        ("/both", "Prefix", "bprefix"),
        ("/is", "ImplementationSpecific", "is"),
        ("/v1.0", None, "v1"),
    ]
    objects = [
        ingress("p.example.test", path(text, name, type_=kind), name=f"i{n}", namespace="d", created=aged(n))
        for n, (text, kind, name) in enumerate(rules, 1)
    ]
    objects.append(ingress("q.example.test", path("/only", "only"), name="q", namespace="d"))
    return site_of(*objects, services="root foo foobar ex dir bexact bprefix is v1 only")


@pytest.mark.parametrize(
    ("probe", "host", "target", "expected"),
    [
        ("P01", "p", "/foo", "foo"),
        ("P02", "p", "/foo/", "foo"),
        ("P03", "p", "/foo/x?q=1", "foo"),
        ("P04", "p", "/foobar", "root"),
        ("P05", "p", "/foo/bar", "foobar"),
        ("P06", "p", "/foo/bar/baz", "foobar"),
        ("P07", "p", "/foo/barbaz", "foo"),
        ("P08", "p", "/FOO", "root"),
        ("P09", "p", "/exact", "ex"),
        ("P10", "p", "/exact/", "root"),
        ("P11", "p", "/exact?x=1", "ex"),
        ("P12", "p", "/dir", "301"),
        ("P14", "p", "/dir/", "dir"),
        ("P15", "p", "/both", "bexact"),
        ("P16", "p", "/both/x", "bprefix"),
        ("P17", "p", "/bothx", "root"),
        ("P18", "p", "/is/x", "is"),
        ("P19", "p", "/isx", "root"),
        ("P20", "p", "/v1x0", "root"),
        ("P21", "p", "//foo", "foo"),
        ("P22", "p", "/x/../foo", "foo"),
        ("P23", "p", "/%66oo", "foo"),
        ("P24", "p", "/foo%2Fbar", "foobar"),
        ("P25", "p", "/foo;a=1", "root"),
        ("P30", "q", "/other", "404"),
        ("P31", "q", "/only", "only"),
    ],
)
def test_static_paths(probe: str, host: str, target: str, expected: str) -> None:
    found = answer(static_site(), Request(f"{host}.example.test", target))
    assert backend_of(found) == expected, probe
    if found.backend:
        assert found.upstream_target == target


@pytest.mark.parametrize("host", ["P.EXAMPLE.TEST", "p.example.test:8080", "p.example.test."])
def test_hosts_are_compared_without_case_port_and_final_dot(host: str) -> None:
    assert backend_of(answer(static_site(), Request(host, "/foo"))) == "foo"


def test_slash_redirect_keeps_query_and_scheme_and_drops_the_port() -> None:
    assert answer(static_site(), Request("p.example.test:8080", "/dir?x=1")).location == (
        "http://p.example.test/dir/?x=1"
    )
    over_tls = answer(static_site(), Request("p.example.test", "/dir", scheme="https"))
    assert over_tls.location == "https://p.example.test/dir/"


def test_malformed_targets_are_refused() -> None:
    for target in ("/%zz", "/%0", "/a%00", "/../x", "*"):
        assert answer(static_site(), Request("p.example.test", target)).status == 400


def tls_site() -> Site:
    def secured(host: str, secret: str | None, *paths: Any, **options: Any) -> Any:
        return ingress(f"{host}.example.test", *paths, name=host, namespace="d", tls=secret, **options)

    pair = ingress(["t5a.example.test", "t5b.example.test"], name="t5", namespace="d")
    pair["spec"]["tls"] = [{"hosts": ["t5a.example.test"], "secretName": "t5"}]
    nameless = secured("t4", None)
    nameless["spec"]["tls"] = [{"hosts": ["t4.example.test"]}]
    acme = path("/.well-known/acme-challenge/tok", "solver", type_="Exact")
    return site_of(
        secured("t1", "t1", path("/", "web")),
        ingress("t1.example.test", acme, name="acme", namespace="d", created=aged(9)),
        secured("t2", "absent"),
        secured("t3", "other"),
        nameless,
        pair,
        secured("t6", None),
        secured("t7", "t7", annotations={"ssl-redirect": "false"}),
        secured("t8", None, annotations={"force-ssl-redirect": "true"}),
        secured("t9", "t9", annotations={"preserve-trailing-slash": "true"}),
        ingress("*.wt.example.test", name="wild", namespace="d", tls="wild"),
        ingress("sub.wt.example.test", name="t10", namespace="d"),
        secured("t12", "t12", path("/only", "web")),
        secured("t13", None, created=aged(1)),
        ingress("t13.example.test", name="t13b", namespace="d", tls="t13", created=aged(2)),
        services="web solver",
        certificates=[
            *(
                certificate(f"{name}.example.test", secret=name, namespace="d")
                for name in ("t1", "t7", "t9", "t12", "t13")
            ),
            certificate("elsewhere.example.test", secret="other", namespace="d"),
            certificate("t5a.example.test", secret="t5", namespace="d"),
            certificate("*.wt.example.test", secret="wild", namespace="d"),
        ],
    )


@pytest.mark.parametrize(
    ("probe", "host", "target", "expected"),
    [
        ("T01", "t1", "/", "https://t1.example.test"),
        ("T02", "t1", "/a/b?x=1", "https://t1.example.test/a/b?x=1"),
        ("T03", "t1", "/a/", "https://t1.example.test/a"),
        ("T05", "t1:8080", "/a", "https://t1.example.test/a"),
        ("T08", "t2", "/", "https://t2.example.test"),
        ("T11", "t4", "/", "https://t4.example.test"),
        ("T12", "t5b", "/", "https://t5b.example.test"),
        ("T14", "t6", "/", ""),
        ("T16", "t7", "/", ""),
        ("T17", "t8", "/", "https://t8.example.test"),
        ("T18", "t9", "/a/", "https://t9.example.test/a/"),
        ("T19", "sub.wt", "/", "https://sub.wt.example.test"),
        ("T20", "t1", "/.well-known/acme-challenge/tok", ""),
        ("T21", "t1", "/.well-known/acme-challenge/other", "https://t1.example.test/.well-known/acme-challenge/other"),
        ("T22", "t12", "/nope", "https://t12.example.test/nope"),
        ("T24", "t13", "/", "https://t13.example.test"),
    ],
)
def test_https_redirect(probe: str, host: str, target: str, expected: str) -> None:
    name, colon, port = host.partition(":")
    found = answer(tls_site(), Request(f"{name}.example.test{colon}{port}", target))
    assert found.location == expected, probe
    assert (found.status == 308) == bool(expected)


@pytest.mark.parametrize(
    ("probe", "host", "sni", "status", "shown"),
    [
        ("T06", "t1", "", 0, "d/t1"),
        ("T09", "t2", "", 0, "default"),
        ("T10", "t3", "", 0, "default"),
        ("T13", "t5b", "", 0, "default"),
        ("T15", "t6", "", 0, "default"),
        ("T19s", "sub.wt", "", 0, "d/wild"),
        ("T23", "t12", "", 404, "d/t12"),
        ("T25", "unknown", "", 404, "default"),
        ("T27", "t6", "t1", 0, "d/t1"),
    ],
)
def test_certificates_and_hsts(probe: str, host: str, sni: str, status: int, shown: str) -> None:
    request = Request(
        f"{host}.example.test",
        "/nope" if probe == "T23" else "/",
        scheme="https",
        sni=f"{sni}.example.test" if sni else "",
    )
    found = answer(tls_site(), request)
    assert (found.status, found.certificate) == (status, shown), probe
    assert found.headers["strict-transport-security"] == HSTS


SERVING = "wild ex ca x dflt a b m n web"


def host_site() -> Site:
    empty = service("ne", "d")
    target_port = path("/", "web", 8080)
    return site_of(
        ingress("*.w.example.test", path("/", "wild"), name="hw", namespace="d"),
        ingress("e.w.example.test", path("/only", "ex"), name="he", namespace="d"),
        ingress("", path("/catch", "ca"), name="ca", namespace="d"),
        ingress("db1.example.test", path("/x", "x"), name="db1", namespace="d", default=backend("dflt")),
        ingress("ne.example.test", path("/", "ne"), name="ne", namespace="d"),
        ingress("ms.example.test", path("/", "missing"), name="ms", namespace="d"),
        ingress("ta.example.test", target_port, name="ta", namespace="d"),
        ingress("dup.example.test", path("/", "a"), name="a", namespace="d", created=aged(1)),
        ingress("dup.example.test", path("/", "b"), name="b", namespace="d", created=aged(2)),
        ingress("dup2.example.test", path("/", "m"), name="m", namespace="d"),
        ingress("dup2.example.test", path("/", "n"), name="n", namespace="d"),
        ingress("ns.example.test", path("/", "web"), name="ns", namespace="d"),
        ingress("ns.example.test", path("/ns2", "other"), name="ns", namespace="e"),
        ingress("empty.example.test", path("", "web"), name="empty", namespace="d"),
        ingress("res.example.test", path("/", ""), name="res", namespace="d"),
        service("other", "e"),
        empty,
        services=SERVING,
        serving=frozenset(("d", name) for name in SERVING.split()) | {("e", "other")},
    )


@pytest.mark.parametrize(
    ("probe", "host", "target", "expected"),
    [
        ("H01", "x.w", "/", "wild"),
        ("H02", "a.b.w", "/", "404"),
        ("H03", "w", "/", "404"),
        ("H04", "e.w", "/only", "ex"),
        ("H05", "e.w", "/other", "404"),
        ("H08", "nobody", "/catch", "ca"),
        ("H09", "nobody", "/zzz", "404"),
        ("H10", "e.w", "/catch", "404"),
        ("H11", "db1", "/x", "x"),
        ("H12", "db1", "/y", "dflt"),
        ("H14", "ne", "/", "503"),
        ("H15", "ms", "/", "503"),
        ("H16", "ta", "/", "web"),
        ("H18", "dup", "/", "a"),
        ("H19", "dup2", "/", "n"),
        ("L16", "ns", "/ns2", "e/other"),
        ("L17", "empty", "/any", "web"),
        ("L18", "res", "/", "404"),
    ],
)
def test_hosts_and_default_backends(probe: str, host: str, target: str, expected: str) -> None:
    assert backend_of(answer(host_site(), Request(f"{host}.example.test", target))) == expected, probe


def test_ingress_without_rules_answers_for_every_unknown_host() -> None:
    catch_all = ingress("", name="db2", namespace="d", default=backend("glob"))
    del catch_all["spec"]["rules"]
    site = site_of(catch_all, services="glob")
    assert backend_of(answer(site, Request("nobody.example.test", "/"))) == "glob"  # H13


@pytest.fixture(name="cors")
def fixture_cors() -> Site:
    listed = {"enable-cors": "true", "cors-allow-origin": "https://a.test,https://*.b.test"}
    return site_of(
        ingress("o.example.test", name="o", namespace="d", annotations=listed, tls="o"),
        ingress("any.example.test", name="any", namespace="d", annotations={"enable-cors": "true"}),
        services="web",
        certificates=[certificate("o.example.test", secret="o", namespace="d")],
    )


@pytest.mark.parametrize(
    ("probe", "host", "origin", "allowed"),
    [
        ("O01", "o", "https://a.test", "https://a.test"),
        ("O02", "o", "https://x.b.test", "https://x.b.test"),
        ("O03", "o", "https://x.y.b.test", None),
        ("O04", "o", "HTTPS://A.TEST", "HTTPS://A.TEST"),
        ("O05", "o", "https://evil.test", None),
        ("O09", "any", "", "*"),
        ("O14", "any", "https://evil.test", "*"),
    ],
)
def test_cors_answers(cors: Site, probe: str, host: str, origin: str, allowed: str | None) -> None:
    headers = {"origin": origin} if origin else {}
    found = answer(cors, Request(f"{host}.example.test", "/", scheme="https", headers=headers))
    assert found.headers.get("access-control-allow-origin") == allowed, probe
    assert found.headers.get("access-control-allow-credentials") == ("true" if allowed else None)


def test_cors_preflight_is_answered_before_the_https_redirect(cors: Site) -> None:
    request = Request("o.example.test", "/", method="OPTIONS", headers={"origin": "https://a.test"})
    assert answer(cors, request).status == 204  # O13
    elsewhere = Request("o.example.test", "/", method="OPTIONS", headers={"origin": "https://evil.test"})
    assert answer(cors, elsewhere).status == 308


def test_address_list_comes_after_the_https_redirect() -> None:
    listed = {"whitelist-source-range": "10.0.0.0/8"}
    site = site_of(
        ingress("wl.example.test", name="wl", namespace="d", annotations=listed),
        ingress("wlt.example.test", name="wlt", namespace="d", annotations=listed, tls="wlt"),
        ingress("we.example.test", name="we", namespace="d", annotations={"allowlist-source-range": ""}),
        ingress("wa.example.test", name="wa", namespace="d", annotations={"whitelist-source-range": ""}),
        services="web",
        certificates=[certificate("wlt.example.test", secret="wlt", namespace="d")],
    )
    assert answer(site, Request("wl.example.test", "/")).status == 403  # A19
    assert backend_of(answer(site, Request("wl.example.test", "/", client="10.1.1.1"))) == "web"
    assert answer(site, Request("wlt.example.test", "/")).status == 308  # A21
    assert answer(site, Request("we.example.test", "/")).status == 503  # A23
    # An alias without a value is not read at all (seen on the real controller).
    assert backend_of(answer(site, Request("wa.example.test", "/"))) == "web"


def test_a_path_that_is_rewritten_to_nothing_is_an_error_before_anything_else() -> None:
    rewritten = {"rewrite-target": "$2", "use-regex": "true", "force-ssl-redirect": "true"}
    site = site_of(ingress("r.example.test", path("/(a)(/.+)"), annotations=rewritten, namespace="d"), services="web")
    # Seen at a real controller: the location / that nginx adds has no second group.
    assert answer(site, Request("r.example.test", "/a/")).status == 500
    assert answer(site, Request("r.example.test", "/a/b", "https")).upstream_target == "/b"
    assert answer(site, Request("r.example.test", "/a/b")).status == 308
