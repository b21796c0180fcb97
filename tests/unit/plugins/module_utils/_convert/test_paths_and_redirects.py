# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions, rewrites and redirects: both witnesses say what a real controller answered.

The identifiers of the cases are those of the golden probes (semantics.md D.2 to D.4).
"""

from __future__ import annotations

import functools
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Answer, Request
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._search import search

from manifests import Object, certificate, ingress, path, service
from plans import codes_of, objects_of, plan_of, routes_of
from witnesses import Witnesses

SERVICES = ("web", "foo", "bar", "v1", "id", "end", "a", "b", "s1", "s2", "s3")
ANY = "ImplementationSpecific"


class Both(Witnesses):
    """Both witnesses of one plan that stays as it is: it is compiled once."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._search = search.Witnesses(plan)

    def nginx(self, *request: Any, **fields: Any) -> Answer:
        return self._search.nginx(Request(*request, **fields))

    def istio(self, *request: Any, **fields: Any) -> Answer:
        return self._search.istio(Request(*request, **fields))

    def disagreements(self, *request: Any, **fields: Any) -> list[str]:
        return list(self._search.disagreements(Request(*request, **fields)))


def named(name: str, host: str, *paths: Object, age: int = 0, tls: bool = False, **annotations: str) -> Object:
    return ingress(
        f"{host}.example.test",
        *paths,
        name=name,
        annotations={key.replace("_", "-"): value for key, value in annotations.items()},
        created=f"2024-01-01T00:{age:02}:00Z",
        tls="cert" if tls else None,
    )


@functools.lru_cache(maxsize=1)
def witnesses() -> Both:
    rewritten = {"use_regex": "true", "rewrite_target": "/$2"}
    something = path("/something(/|$)(.*)", type_=ANY)
    other = "https://dst.test"
    return Both(
        plan_of(
            named("r1", "r", path("/foo", "foo", type_="Exact"), path("/bar", "bar"), path("/v1.0", "v1")),
            named("r2", "r", path("/id/[0-9]+", "id", type_=ANY), path("/end/[0-9]+$", "end"), age=1, use_regex="true"),
            named("w1", "w", path("/foo/bar/bar", "a")),
            named("w2", "w", path("/foo/bar/[A-Z0-9]{3}", "b", type_=ANY), age=1, use_regex="true"),
            named("doc1", "doc", path("/foo/bar", "s1"), path("/foo/bar/", "s2")),
            named("doc2", "doc", path("/foo/bar/(.+)", "s3", type_=ANY), age=1, rewrite_target="/$1"),
            named("rw1", "rw1", something, **rewritten),
            named("rw2", "rw2", path("/api"), rewrite_target="/"),
            named("rw3", "rw3", path("/a/(.*)/b/(.*)", type_=ANY), rewrite_target="/$2/$1"),
            named("rw4", "rw4", path("/g/(x)(y)", type_=ANY), rewrite_target="/v/$3"),
            named("rw5", "rw5", path("/keep"), rewrite_target="/keep"),
            named("rw6", "rw6", something, x_forwarded_prefix="/pre", **rewritten),
            named("rw7", "rw7", x_forwarded_prefix="/pre", upstream_vhost="up.test"),
            named("rw8", "rw8", path("/x|/y(.*)", type_=ANY), rewrite_target="/n$1"),
            named("rw9", "rw9", path("/odd/(.*)", type_=ANY), rewrite_target="/{a}%20/$1"),
            named("ar", "ar", app_root="/app"),
            named("ar2", "ar2", path("/x"), app_root="/x/home"),
            named("ar3", "ar2", path("/"), age=1),
            named("ars", "ars", app_root="/app", tls=True),
            named("rd1", "rd1", permanent_redirect=other),
            named("rd2", "rd2", permanent_redirect=other, permanent_redirect_code="308"),
            named("rd3", "rd3", permanent_redirect=other, permanent_redirect_code="200"),
            named("rd4", "rd4", temporal_redirect=f"{other}/t"),
            named("rd5", "rd5", temporal_redirect=f"{other}/t", temporal_redirect_code="307"),
            named("rd6", "rd6", temporal_redirect=f"{other}/t", temporal_redirect_code="308"),
            named("rd7", "rd7", permanent_redirect=other, temporal_redirect=f"{other}/t"),
            named("rd8", "rd8", permanent_redirect=other, tls=True),
            named("rda", "rda", permanent_redirect="/here?a=1", permanent_redirect_code="304"),
            named("rdr", "rdr", path("/"), path("/dir/"), relative_redirects="true"),
            named("www", "www.n", from_to_www_redirect="true"),
            named("own1", "o", from_to_www_redirect="true"),
            named("own2", "www.o"),
            *(service(name) for name in SERVICES),
            certificates=[certificate("ars.example.test", "rd8.example.test")],
        )
    )


def said(answer: Answer) -> str:
    """Return the backend and what it is asked for, or the status with the Location."""
    if answer.backend:
        return f"{answer.backend.removeprefix('shop/').removesuffix(':80')} {answer.upstream_target}"
    return f"{answer.status} {answer.location}".rstrip()


@pytest.mark.parametrize(
    ("probe", "host", "target", "expected"),
    [
        ("R01", "r", "/id/12", "id /id/12"),
        ("R02", "r", "/id/12abc", "id /id/12abc"),
        ("R03", "r", "/id/x", "404"),
        ("R04", "r", "/ID/5", "id /ID/5"),
        ("R05", "r", "/pre/id/5", "404"),
        ("R06", "r", "/end/5", "end /end/5"),
        ("R07", "r", "/end/5x", "404"),
        ("R08", "r", "/foo", "foo /foo"),
        ("R09", "r", "/foobar", "foo /foobar"),
        ("R10", "r", "/FOO/x", "foo /FOO/x"),
        ("R11", "r", "/bar/x", "bar /bar/x"),
        ("R12", "r", "/barbell", "bar /barbell"),
        ("R13", "r", "/v1x0", "v1 /v1x0"),
        ("R14", "r", "/id/1?x=/foo", "id /id/1?x=/foo"),
        ("R15", "w", "/foo/bar/bar", "b /foo/bar/bar"),
        ("R16", "w", "/foo/bar/barx", "b /foo/bar/barx"),
        ("R17", "w", "/foo/bar/b", "404"),
        ("R18", "doc", "/foo/bar/1", "s3 /1"),
        ("R19", "doc", "/foo/bar/", "s2 /foo/bar/"),
        ("R20", "doc", "/foo/bar", "s1 /foo/bar"),
        ("R21", "doc", "/foo/barX", "s1 /foo/barX"),
        ("W01", "rw1", "/something", "web /"),
        ("W02", "rw1", "/something/", "web /"),
        ("W03", "rw1", "/something/new?a=1", "web /new?a=1"),
        ("W04", "rw1", "/somethingelse", "404"),
        ("W05", "rw1", "/SOMETHING/New", "web /New"),
        ("W06", "rw1", "/something/a%20b", "web /a%20b"),
        ("W07", "rw2", "/api", "web /"),
        ("W08", "rw2", "/api/v1/users?x=1", "web /?x=1"),
        ("W09", "rw2", "/apix", "web /"),
        ("W10", "rw3", "/a/1/b/2", "web /2/1"),
        ("W11", "rw4", "/g/xy", "web /v/"),
        ("W12", "rw5", "/keep/x", "web /keep"),
        ("W13", "rw5", "/KEEP", "web /KEEP"),
        ("alternatives", "rw8", "/x", "web /n"),
        ("later match", "rw8", "/a/y/z", "web /n/z"),
        ("W16", "ar", "/", "302 http://ar.example.test/app"),
        ("W17", "ar", "/?x=1", "302 http://ar.example.test/app"),
        ("W18", "ar", "/other", "web /other"),
        ("W19", "ar2", "/", "302 http://ar2.example.test/x/home"),
        ("W20", "ars", "/", "302 http://ars.example.test/app"),
        ("X01", "rd1", "/a?b=1", "301 https://dst.test"),
        ("X02", "rd2", "/", "308 https://dst.test"),
        ("X03", "rd3", "/", "301 https://dst.test"),
        ("X04", "rd4", "/", "302 https://dst.test/t"),
        ("X05", "rd5", "/", "307 https://dst.test/t"),
        ("X06", "rd6", "/", "302 https://dst.test/t"),
        ("X07", "rd7", "/", "302 https://dst.test/t"),
        ("X08", "rd8", "/", "301 https://dst.test"),
        ("X13", "www.o", "/", "web /"),
        ("a path", "rda", "/x?y", "304 http://rda.example.test/here?a=1"),
        ("relative", "rdr", "/dir", "301 /dir/"),
    ],
)
def test_both_planes_answer_as_expected(probe: str, host: str, target: str, expected: str) -> None:
    both, name = witnesses(), f"{host}.example.test"
    assert said(both.nginx(name, target)) == expected, probe
    assert said(both.istio(name, target)) == expected, probe
    assert both.disagreements(name, target) == []


def test_the_root_of_an_application_keeps_the_port() -> None:
    name = "ar.example.test:8080"
    assert said(witnesses().istio(name, "/")) == "302 http://ar.example.test:8080/app"  # W22
    assert witnesses().disagreements(name, "/") == []


def test_the_root_of_an_application_is_found_over_https_too() -> None:
    assert said(witnesses().istio("ars.example.test", "/", "https")) == "302 https://ars.example.test/app"  # W21
    assert witnesses().nginx("ars.example.test", "/", "https").headers == {}
    assert witnesses().disagreements("ars.example.test", "/", "https") == []


@pytest.mark.parametrize(("target", "cut"), [("/foo", "/foo"), ("/foo/", "/foo"), ("/", ""), ("/?a=/", "/?a=")])
def test_the_other_name_says_its_port_and_nginx_cuts_a_slash(target: str, cut: str) -> None:
    both = witnesses()
    assert said(both.nginx("n.example.test", target)) == f"308 http://www.n.example.test:80{cut}"  # X12
    assert said(both.istio("n.example.test", target)) == f"308 http://www.n.example.test:80{target}"
    assert both.disagreements("n.example.test", target) == []


def test_the_prefix_is_told_only_where_the_path_is_rewritten() -> None:
    for ask in (witnesses().nginx, witnesses().istio):
        assert ask("rw6.example.test", "/something/a").request_headers["x-forwarded-prefix"] == "/pre"  # W14
        assert "x-forwarded-prefix" not in ask("rw7.example.test", "/").request_headers  # W15


def test_the_backend_sees_the_host_that_it_should() -> None:
    for ask in (witnesses().nginx, witnesses().istio):
        assert ask("rw7.example.test", "/").upstream_host == "up.test"  # S08


NASTY = (
    "//",
    "/something//a",
    "/something/%2e%2E/foo",
    "/something/a%2Fb%3Fc%25d",
    "/something/{a}|<b>",
    "/odd/a%20b{%7D",
    "/dir?",
    "/dir?x",
    "/%zz",
    "/a%00",
    "/../x",
    "/e//../a",
    "/api?",
    "/a#b",
    "*",
)


@pytest.mark.parametrize("target", NASTY)
@pytest.mark.parametrize("suffix", ["", ".", ":8080"])
def test_every_spelling_is_predicted(target: str, suffix: str) -> None:
    both = witnesses()
    for host, verdict in both.plan.conversion.verdicts.items():
        assert verdict.moves
        for scheme in ("http", "https"):
            assert both.disagreements(host + suffix, target, scheme) == []
            assert both.disagreements(host.upper() + suffix, target, scheme) == []


def test_a_redirect_of_nginx_says_the_host_without_port_and_capitals() -> None:
    plan = plan_of(ingress("d.example.test", path("/dir/")), service())
    both = Witnesses(plan)
    for ask in (both.nginx, both.istio):
        assert said(ask("D.Example.Test:8080", "/dir?x=1")) == "301 http://d.example.test/dir/?x=1"  # P13


def test_text_of_an_annotation_stays_text() -> None:
    root = "/%REQ(COOKIE)%"
    plan = plan_of(
        ingress("t.example.test", annotations={"app-root": root}),
        service(),
        arguments=["--enable-annotation-validation=false"],
    )
    assert codes_of(plan) == []
    located = routes_of(plan, "t.example.test")[0]["headers"]["response"]["set"]["location"]
    assert located.endswith("/%%REQ(COOKIE)%%")
    assert Witnesses(plan).istio("t.example.test", "/").location == f"http://t.example.test{root}"


def test_a_group_in_app_root_is_empty_for_nothing_is_captured() -> None:
    plan = plan_of(ingress("t.example.test", annotations={"app-root": "/a$1"}), service())
    both = Witnesses(plan)
    assert both.nginx("t.example.test", "/").location == "http://t.example.test/a"
    assert both.disagreements("t.example.test", "/") == []


@pytest.mark.parametrize(
    ("host", "root", "leads"), [("*.w.example.test", "/a$1", "/ax"), ("x.w.example.test", "/$scheme", "/http")]
)
def test_variables_in_app_root_hold_the_host_back(host: str, root: str, leads: str) -> None:
    plan = plan_of(ingress(host, annotations={"app-root": root}), service())
    assert "REWRITE-NOT-CONVERTED" in codes_of(plan)
    assert Witnesses(plan).nginx("x.w.example.test", "/").location == f"http://x.w.example.test{leads}"


def test_a_variable_in_a_rewrite_is_escaped() -> None:
    plan = plan_of(
        ingress("t.example.test", path("/a(.*)"), annotations={"rewrite-target": "/x$request_uri$1$2"}), service()
    )
    assert Witnesses(plan).nginx("t.example.test", "/ab?c=d").upstream_target == "/x/ab%3Fc=db?c=d"


@pytest.mark.parametrize("target", ["/api", "/api/", "/api?x=1", "/api/x", "/ap"])
def test_an_exact_path_with_a_slash_takes_the_bare_one_to_add_it(target: str) -> None:
    plan = plan_of(
        ingress("t.example.test", path("/api/", type_="Exact"), path("/"), annotations={"permanent-redirect": "/away"}),
        service(),
    )
    both = Witnesses(plan)
    assert both.disagreements("t.example.test", target) == []
    if target == "/api":
        assert both.nginx("t.example.test", target).location == "http://t.example.test/api/"


@pytest.mark.parametrize("host", ["t.example.test", "*.w.example.test"])
def test_a_redirect_to_https_says_its_port_where_it_is_asked_to(host: str) -> None:
    annotations = {"force-ssl-redirect": "true", "use-port-in-redirects": "true"}
    both = Witnesses(plan_of(ingress(host, path("/"), path("/api"), annotations=annotations), service()))
    asked = host.replace("*", "x")
    for name in (asked, f"{asked}:8080"):
        assert both.istio(name, "/api").location == f"https://{asked}:443/api"
        assert both.disagreements(name, "/api") == []


@pytest.mark.parametrize(("size", "status"), [(2**20, 404), (2**20 + 1, 413)])
def test_the_404_page_of_nginx_takes_less_than_the_host(size: int, status: int) -> None:
    annotations = {"proxy-body-size": "8m"}
    both = Witnesses(plan_of(ingress("t.example.test", path("/api"), annotations=annotations), service()))
    assert both.nginx("t.example.test", "/other", body_length=size).status == status
    assert both.disagreements("t.example.test", "/other", body_length=size) == []


def test_a_port_of_the_pods_cannot_be_asked_of_the_service_itself() -> None:
    rule = path("/", "web", 8080)
    both = Witnesses(plan_of(ingress("t.example.test", rule, annotations={"service-upstream": "true"}), service()))
    assert both.nginx("t.example.test", "/").status == 502
    assert both.disagreements("t.example.test", "/") == []
    assert "SERVICE-UNREACHABLE" in codes_of(both.plan)
    plain = Witnesses(plan_of(ingress("t.example.test", annotations={"service-upstream": "true"}), service()))
    assert plain.nginx("t.example.test", "/").backend == "shop/web:80"


@pytest.mark.parametrize(("size", "status"), [(2**20, 503), (2**20 + 1, 413)])
def test_a_denied_location_takes_what_nginx_takes_by_itself(size: int, status: int) -> None:
    annotations = {"proxy-body-size": "1k", "custom-headers": "missing"}
    both = Witnesses(plan_of(ingress("t.example.test", annotations=annotations), service()))
    assert both.nginx("t.example.test", "/", body_length=size).status == status
    assert both.disagreements("t.example.test", "/", body_length=size) == []


@pytest.mark.parametrize(
    ("target", "status"), [("/healthz", 200), ("/healthzx", 200), ("/nginx_status", 403), ("/x", 404)]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_health_checks_of_unknown_hosts_are_answered(target: str, status: int, scheme: str) -> None:
    plan = plan_of(ingress("t.example.test"), service())
    both = Witnesses(plan)
    for ask in (both.nginx, both.istio):
        assert ask("203.0.113.9", target, scheme).status == status
    named = Witnesses(plan_of(ingress("", path("/catch")), ingress("t.example.test", name="t"), service()))
    assert named.disagreements("203.0.113.9", target, scheme) == []
    assert named.istio("t.example.test", target, scheme).backend


def test_expressions_take_health_checks() -> None:
    plan = plan_of(
        ingress("", path("/x.*"), annotations={"use-regex": "true"}), ingress("t.example.test", name="t"), service()
    )
    assert Witnesses(plan).nginx("203.0.113.9", "/healthz").status == 404
    assert Witnesses(plan).disagreements("203.0.113.9", "/healthz") == []


def test_a_prefix_with_a_group_is_expanded() -> None:
    annotations = {"rewrite-target": "/$1", "x-forwarded-prefix": "/pre/$1"}
    plan = plan_of(ingress("t.example.test", path("/a/(.*)"), annotations=annotations), service())
    assert Witnesses(plan).nginx("t.example.test", "/a/b").request_headers["x-forwarded-prefix"] == "/pre/b"


@pytest.mark.parametrize(
    ("annotations", "patch"),
    [
        ({"proxy-read-timeout": "5"}, {"retry_policy": {"per_try_idle_timeout": "5s"}}),
        ({"proxy-read-timeout": "90"}, {"idle_timeout": "90s"}),
        (
            {"proxy-read-timeout": "90", "proxy-send-timeout": "100"},
            {"idle_timeout": "100s", "retry_policy": {"per_try_idle_timeout": "90s"}},
        ),
    ],
)
def test_a_backend_gets_as_long_as_nginx_gives_it(annotations: dict[str, str], patch: dict[str, object]) -> None:
    plan = plan_of(ingress("t.example.test", annotations=annotations), service())
    patches = [
        item["patch"]["value"] for obj in objects_of(plan, "EnvoyFilter") for item in obj["spec"]["configPatches"]
    ]
    assert {"route": patch} in patches


def test_many_names_of_one_label_make_no_expression_that_istio_refuses() -> None:
    names = [f"intranet-application-{number:03}" for number in range(60)]
    witnesses = Witnesses(plan_of(ingress([*names, "a.example.test"]), service()))
    assert witnesses.disagreements("a.example.test", "/") == []
    # nginx answers the health check for hosts that it does not know, and so does the gateway.
    assert witnesses.istio("unknown.example.test", "/healthz").status == 200
