# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cookies and redirects of backends, by semantics.md A.4 107 to 110 and nginx ``ngx_http_proxy_module.c``."""

from __future__ import annotations

from typing import Any

import pytest

from manifests import ingress, path, service
from plans import codes_of, objects_of, plan_of
from witnesses import Witnesses

HOST = "a.example.com"


def _both(settings: dict[str, str] | None = None, **annotations: str) -> Witnesses:
    named = {key.replace("_", "-"): value for key, value in annotations.items()}
    # Without validation every value gets as far as nginx.
    arguments = ("--enable-annotation-validation=false",)
    plan = plan_of(ingress(HOST, annotations=named), service(), settings=settings or {}, arguments=arguments)
    return Witnesses(plan)


def _data(both: Witnesses) -> dict[str, Any]:
    for obj in objects_of(both.plan, "EnvoyFilter"):
        for patch in obj["spec"]["configPatches"]:
            config = patch["patch"]["value"].get("typed_per_filter_config", {}).get("i2i.backend-answers")
            if config:
                found: dict[str, Any] = config["filter_context"]
                return found
    return {}


@pytest.mark.parametrize(
    ("annotations", "field", "text"),
    [
        ({"proxy_cookie_path": "/one/ /two/"}, "set-cookie (path)", "/one/ -> /two/"),
        ({"proxy_cookie_domain": "old.example.org new.example.org"}, "set-cookie (domain)", None),
        ({"proxy_redirect_from": "http://b/", "proxy_redirect_to": "/x/"}, "location (rewritten)", None),
    ],
)
def test_what_is_rewritten_is_the_same_on_both_planes(
    annotations: dict[str, str], field: str, text: str | None
) -> None:
    both = _both(**annotations)
    found = both.nginx(HOST, "/").headers[field]
    assert text in (None, found)
    assert both.istio(HOST, "/").headers[field] == found
    for scheme in ("http", "https"):
        assert both.disagreements(HOST, "/x", scheme) == []


def test_a_leading_dot_of_a_domain_does_not_count() -> None:
    assert _data(_both(proxy_cookie_domain=".old.example.org new.example.org")) == {
        "cookie_domain": {"old": "old.example.org", "new": ["=new.example.org"]}
    }


def test_a_redirect_that_becomes_a_path_is_absolute_unless_it_may_be_relative() -> None:
    both = _both(proxy_redirect_from="http://b/", proxy_redirect_to="/x/")
    assert both.nginx(HOST, "/", "https").headers["location (rewritten)"] == (
        f"http://b/ -> /x/, a path at https://{HOST}"
    )
    relative = _both(proxy_redirect_from="http://b/", proxy_redirect_to="/x/", relative_redirects="true")
    assert relative.nginx(HOST, "/").headers["location (rewritten)"] == "http://b/ -> /x/"
    assert relative.disagreements(HOST, "/") == []


@pytest.mark.parametrize(
    "annotations",
    [
        {"proxy_redirect_from": "off", "proxy_redirect_to": "/x/"},
        {"proxy_redirect_from": "http://b/"},
        {"proxy_redirect_from": "http://b/", "proxy_redirect_to": "off"},
        {"proxy_cookie_path": "off"},
    ],
)
def test_what_asks_for_nothing_rewrites_nothing(annotations: dict[str, str]) -> None:
    both = _both(**annotations)
    assert both.plan.conversion.verdicts[HOST].moves
    assert _data(both) == {}


@pytest.mark.parametrize(
    "annotations",
    [
        {"proxy_cookie_path": "~^/(.*)$ /$1"},
        {"proxy_cookie_path": "/only"},
        {"proxy_redirect_from": "default", "proxy_redirect_to": "/x"},
        {"proxy_redirect_from": "http://$proxy_host/", "proxy_redirect_to": "/"},
    ],
)
def test_more_than_text_in_place_of_text_holds_the_host_back(annotations: dict[str, str]) -> None:
    plan = _both(**annotations).plan
    assert "NO-COUNTERPART" in codes_of(plan, HOST)
    assert not plan.conversion.verdicts[HOST].moves


def test_the_configmap_holds_where_annotations_are_silent() -> None:
    both = _both({"proxy-cookie-path": "/a /b"})
    assert both.nginx(HOST, "/").headers["set-cookie (path)"] == "/a -> /b"
    assert both.disagreements(HOST, "/") == []
    own = _both({"proxy-cookie-path": "/a /b"}, proxy_cookie_path="off")
    assert _data(own) == {}


def test_the_cookie_of_the_gateway_itself_is_left_alone() -> None:
    named = {"proxy-cookie-path": "/a /b", "affinity": "cookie", "session-cookie-name": "route"}
    both = Witnesses(plan_of(ingress(HOST, path("/a"), annotations=named), service()))
    assert _data(both)["own"] == "route"


def test_values_stay_data() -> None:
    hostile = _both(proxy_cookie_path='/a "]]..os.exit()--%REQ(x)%"')
    assert _data(hostile) == {"cookie_path": {"old": "/a", "new": ["=]]..os.exit()--%REQ(x)%"]}}
    assert hostile.disagreements(HOST, "/") == []


def test_a_value_that_nginx_refuses_rewrites_nothing() -> None:
    plan = plan_of(ingress(HOST, annotations={"proxy-cookie-path": "~^/(.*)$ /$1"}), service())
    assert codes_of(plan) == ["INVALID-ANNOTATION"]
