# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Negative look-aheads in paths, by semantics.md B.2 and the golden rows R22 and R23."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.lookahead import without_lookahead
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.regex import UnsupportedPatternError

from manifests import ingress, path, service
from plans import codes_of, plan_of
from witnesses import Witnesses

HOST = "a.example.com"


def _both(pattern: str, *others: str, **annotations: str) -> Witnesses:
    named = {"use-regex": "true", **{key.replace("_", "-"): value for key, value in annotations.items()}}
    rules = [path(pattern, "web", type_="ImplementationSpecific"), *(path(text, "other") for text in others)]
    return Witnesses(plan_of(ingress(HOST, *rules, annotations=named), service(), service("other")))


TARGETS = ("/", "/web", "/api", "/apix", "/API/x", "/x/api", "/api?x=1", "/web?x=/api", "/ap", "/x", "/xy", "/a/b.php")


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("/(?!api).*", {"/", "/web", "/x/api", "/web?x=/api", "/ap", "/x", "/xy", "/a/b.php"}),
        ("/((?!api).*)", {"/", "/web", "/x/api", "/web?x=/api", "/ap", "/x", "/xy", "/a/b.php"}),
        ("/(?!api|x).*", {"/", "/web", "/web?x=/api", "/ap", "/a/b.php"}),
        ("/(?!(?:api|x)(/|$)).*", {"/", "/web", "/apix", "/web?x=/api", "/ap", "/xy", "/a/b.php"}),
        ("/(?!.*\\.php$).*", {*TARGETS} - {"/a/b.php"}),
        (
            "/(?!api$)[a-z]+",
            {"/web", "/apix", "/api/x", "/x/api", "/web?x=/api", "/ap", "/x", "/xy", "/a/b.php", "/API/x"},
        ),
    ],
)
def test_what_a_look_ahead_keeps_out_goes_on_to_the_next_location(pattern: str, taken: set[str]) -> None:
    both = _both(pattern, "/")
    for target in TARGETS:
        backend = both.nginx(HOST, target).backend
        assert (backend == "shop/web:80") is (target in taken), target
        assert both.istio(HOST, target).backend == backend, target
        assert both.disagreements(HOST, target) == []


def test_rows_r22_and_r23() -> None:
    both = _both("/(?!api).*")
    assert both.nginx(HOST, "/web").backend == both.istio(HOST, "/web").backend == "shop/web:80"
    assert both.nginx(HOST, "/apix").status == both.istio(HOST, "/apix").status == 404


def test_groups_keep_their_numbers() -> None:
    both = _both("/((?!api)[a-z]+)/(.*)", rewrite_target="/$2/$1")
    assert both.nginx(HOST, "/web/1").upstream_target == "/1/web"
    for target in ("/web/1", "/api/1", "/web/1?x=1"):
        assert both.disagreements(HOST, target) == []


@pytest.mark.parametrize(
    "pattern",
    [
        "/((?!api).)*",  # each sign of the path is looked at
        "/.*(?!api)x",
        "/(x|(?!api)y)",
        "/(?!api)x|/y",
        "/(?!api[0-9]+).*",
        "/(?!(?=x)y).*",
        "/(?!a)b(?!c).*",
        "/x?(?!api).*",
    ],
)
def test_a_look_ahead_without_one_place_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPatternError):
        without_lookahead(pattern)
    assert "PATTERN-NOT-CONVERTED" in codes_of(_both(pattern).plan, HOST)


def test_other_patterns_stay_as_they_are() -> None:
    assert without_lookahead("/[(!]x(/|$)") == ("/[(!]x(/|$)", "")
