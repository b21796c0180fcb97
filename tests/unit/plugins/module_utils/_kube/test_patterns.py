# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions that Python's engine may never finish are known as such, and ordinary ones are not."""

from __future__ import annotations

import re
import time

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.patterns import is_costly, longest_text
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.search import searched_plan

from manifests import bundle, ingress, path, service
from plans import codes_of, plan_of


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*",
        "/((x|y+)z)+",
        "(?:a{1,}){2,}",
        ".*.*.*.*.*.*.*.*.*x",
        "((a+)b)*",
        "(a{0,99})*",
        "([^/]+)+",
        "(a|a)*b",
        "(a|A)*",
        "(aa?)*b",
        "a?" * 30,
        "(a|aa)+$",
        "(a|ab|b)*c",
        "(a{0,9}){0,9}",
        "((a|a){10}){10}",
        "(.*a){9}",
        "(|a)+",
        r"(\w|a)*",
        "(" * 10_000,
        "(?:a|a)" * 30,
    ],
)
def test_costly(pattern: str) -> None:
    assert is_costly(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "/api(/|$)(.*)",
        "/id/[0-9]+",
        "/[(*+]+/x",
        r"/\(+a",
        "(a|b)*",
        "/(v[12]/)?(.*)",
        "/x{3}",
        "(.*)(/.*)?",
        "(a+)?",
        "(?:foo|bar)+",
        "/(a|b|c|d)/(x|y)/.*",
        "/(.*)/(.*)/(.*)/(.*)",
        "(/[^/]*)?(/[^/]*)?(/[^/]*)?",
        "(?!api).*",
        "a{5}",
    ],
)
def test_ordinary(pattern: str) -> None:
    assert not is_costly(pattern)


@pytest.mark.parametrize(
    ("pattern", "length"), [("/x", 8000), ("/(.*)", 8000), (".*a.*b", 1414), ("(.*)(.*)(.*)", 181), (".*" * 5, 41)]
)
def test_the_more_repetitions_the_shorter_the_text(pattern: str, length: int) -> None:
    assert longest_text(pattern) == length


@pytest.mark.parametrize(
    "pattern", ["a*a*a*a*a*b", "(a|b|c|d)*a*a*a*x", "(a?a?a?)(a?a?a?)a*a*x", ".*a.*a.*ab", "(a+)?(a+)?(a+)?x"]
)
def test_what_is_not_costly_ends_soon(pattern: str) -> None:
    assert not is_costly(pattern)
    text = "a" * longest_text(pattern)
    started = time.process_time()
    re.search(f"^{pattern}", text)
    assert time.process_time() - started < 2


def test_the_search_ends_soon_whatever_two_rules_of_a_host_make_of_each_other() -> None:
    started = time.process_time()
    paths = [path(text, type_="ImplementationSpecific") for text in ("/.*a.*a.*ab", "/(a|b)*(a|b)*x", "/" + "a" * 5000)]
    plan = searched_plan(
        bundle(ingress("a.example.test", *paths, annotations={"use-regex": "true"}), service()),
        Options(search_requests=400),
    )
    assert plan.searched["requests"] > 100
    assert time.process_time() - started < 30


def test_a_host_with_a_costly_path_is_held_back_at_once() -> None:
    started = time.monotonic()
    paths = [path("/(a+)+$", type_="ImplementationSpecific"), path("/" + "(.*)" * 200, type_="ImplementationSpecific")]
    plan = plan_of(ingress("a.example.test", *paths, annotations={"use-regex": "true"}), service())
    assert codes_of(plan, "a.example.test") == ["PATTERN-NOT-CONVERTED"]
    assert time.monotonic() - started < 5  # an endless search takes longer than anything
