# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error pages of another backend, and default backends of single Ingresses (semantics.md A.4 123 to 125, B.17)."""

from __future__ import annotations

from typing import Any

import pytest

from manifests import certificate, ingress, path, service
from plans import codes_of, plan_of, routes_of
from witnesses import Witnesses

HOST = "a.example.test"


def both(annotations: dict[str, str], *, idle: tuple[str, ...] = (), **captured: Any) -> Witnesses:
    names = ("web", "api", "errors", "default")
    serving = frozenset(("shop", name) for name in names if name not in idle)
    return Witnesses(
        plan_of(
            ingress(HOST, path("/"), path("/api/", "api"), annotations=annotations, tls="cert"),
            *(service(name) for name in names),
            certificates=[certificate(HOST)],
            serving=serving,
            **captured,
        )
    )


@pytest.mark.parametrize(
    ("annotations", "pages"),
    [
        ({"custom-http-errors": "404"}, "404 from 404 page for shop web web 80"),
        (
            {"custom-http-errors": "503, 404", "default-backend": "errors"},
            "404,503 from shop/errors:80 for shop web web 80",
        ),
        (
            {"custom-http-errors": "404", "disable-proxy-intercept-errors": "true"},
            "404 of nginx from 404 page for shop web web 80",
        ),
        ({"custom-http-errors": "404,"}, ""),
        ({"default-backend": "errors"}, ""),
    ],
)
def test_pages_of_an_ingress(annotations: dict[str, str], pages: str) -> None:
    witnesses = both(annotations)
    assert witnesses.nginx(HOST, "/x", "https").error_pages == pages
    for target in ("/x", "/api", "/api/x"):
        assert witnesses.disagreements(HOST, target, "https") == []
        assert witnesses.disagreements(HOST, target) == []


@pytest.mark.parametrize(
    ("client", "pages"), [("203.0.113.1", "403 from 404 page for shop web web 80"), ("10.0.0.1", "")]
)
def test_pages_of_refusals(client: str, pages: str) -> None:
    witnesses = both({"custom-http-errors": "403", "allowlist-source-range": "10.0.0.0/8"})
    if pages:
        assert witnesses.istio(HOST, "/", "https", client=client).error_pages == pages
    assert witnesses.disagreements(HOST, "/", "https", client=client) == []


def test_pages_of_a_denied_location() -> None:
    witnesses = both({"custom-http-errors": "503", "auth-url": "nowhere"})
    assert witnesses.nginx(HOST, "/", "https").status == 503
    assert witnesses.istio(HOST, "/", "https").error_pages == "503 from 404 page for shop web web 80"
    assert witnesses.disagreements(HOST, "/", "https") == []


@pytest.mark.parametrize("annotations", [{}, {"custom-http-errors": "500", "default-backend": "errors"}])
def test_pages_of_the_configmap(annotations: dict[str, str]) -> None:
    settings = {"custom-http-errors": "404,502,abc"}
    witnesses = both(annotations, settings=settings, arguments=["--default-backend-service=shop/default"])
    expected = "500 from shop/errors:80" if annotations else "404,502 from shop/default:80"
    assert witnesses.istio(HOST, "/", "https").error_pages.startswith(expected)
    assert witnesses.disagreements(HOST, "/", "https") == []
    assert witnesses.disagreements("unknown.example.test", "/") == []


def test_a_backend_without_endpoints_is_stood_in_for() -> None:
    witnesses = both({"default-backend": "errors"}, idle=("web",))
    answer = witnesses.istio(HOST, "/p/q", "https", headers={"accept": "text/plain"})
    assert (answer.backend, answer.upstream_target) == ("shop/errors:80", "/p/q")
    assert {
        "x-code": "503",
        "x-format": "text/plain",
        "x-service-name": "web",
    }.items() <= answer.request_headers.items()
    assert witnesses.disagreements(HOST, "/p/q", "https", headers={"accept": "text/plain"}) == []
    assert witnesses.disagreements(HOST, "/p/q", "https") == []
    assert witnesses.istio(HOST, "/api/x", "https").backend == "shop/api:80"
    assert "DEFAULT-BACKEND-CHOSEN" in codes_of(witnesses.plan, HOST)


@pytest.mark.parametrize("name", ["missing", "errors"])
def test_a_default_backend_that_nginx_cannot_use(name: str) -> None:
    witnesses = both({"default-backend": name}, idle=("web", "errors"))
    assert witnesses.nginx(HOST, "/", "https").status == 503
    assert witnesses.disagreements(HOST, "/", "https") == []
    assert "DEFAULT-BACKEND-UNUSED" in codes_of(witnesses.plan, HOST)


def test_a_page_for_redirects_is_not_converted() -> None:
    assert not both({}, settings={"custom-http-errors": "308"}).plan.conversion.verdicts[HOST].moves


def test_no_program_without_pages() -> None:
    assert "ERROR-PAGES-PROGRAM" not in codes_of(both({}).plan, HOST)
    assert routes_of(both({}).plan, HOST)
