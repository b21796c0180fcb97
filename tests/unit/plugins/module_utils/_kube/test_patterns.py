# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions that Python's engine may never finish are known as such, and ordinary ones are not."""

from __future__ import annotations

import time

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.patterns import is_costly

from manifests import ingress, path, service
from plans import codes_of, plan_of


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a*)*", "/((x|y+)z)+", "(?:a{1,}){2,}", ".*.*.*.*.*.*.*.*.*x", "((a+)b)*", "(a{0,99})*", "([^/]+)+"],
)
def test_costly(pattern: str) -> None:
    assert is_costly(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["/api(/|$)(.*)", "/id/[0-9]+", "/[(*+]+/x", r"/\(+a", "(a|b)*", "/(v[12]/)?(.*)", "/x{3}", "(.*)(/.*)?", "(a+)?"],
)
def test_ordinary(pattern: str) -> None:
    assert not is_costly(pattern)


def test_a_host_with_a_costly_path_is_held_back_at_once() -> None:
    started = time.monotonic()
    paths = [path("/(a+)+$", type_="ImplementationSpecific"), path("/" + "(.*)" * 200, type_="ImplementationSpecific")]
    plan = plan_of(ingress("a.example.test", *paths, annotations={"use-regex": "true"}), service())
    assert codes_of(plan, "a.example.test") == ["PATTERN-NOT-CONVERTED"]
    assert time.monotonic() - started < 5  # an endless search takes longer than anything
