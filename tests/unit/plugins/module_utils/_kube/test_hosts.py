# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names and the certificates that are valid for them (semantics.md B.4, B.6; RFC 6125)."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.hosts import (
    certificate_covers,
    is_host,
    is_wildcard,
    parent_wildcard,
)


@pytest.mark.parametrize("name", ["a", "a.b", "a-b.example.test", "*.example.test", "1.2.3.4", "xn--e1afmkfd.test"])
def test_hosts(name: str) -> None:
    assert is_host(name)


@pytest.mark.parametrize(
    "name",
    ["", "*", "*.", "a.*.b", "*.*.b", "A.b", "a_b.test", "a.", ".a", "a..b", "-a.b", "a b", "a\n", "x" * 64, "é.test"],
)
def test_what_is_no_host(name: str) -> None:
    assert not is_host(name)


def test_hosts_have_at_most_253_characters() -> None:
    assert is_host(".".join(["abc"] * 63))
    assert not is_host(".".join(["abc"] * 64))


@pytest.mark.parametrize(
    ("host", "parent"),
    [("a.d.test", "*.d.test"), ("*.d.test", "*.d.test"), ("a.b.d.test", "*.b.d.test"), ("test", None), ("", None)],
)
def test_parent_wildcard(host: str, parent: str | None) -> None:
    assert parent_wildcard(host) == parent


def test_only_a_whole_first_label_is_a_wildcard() -> None:
    assert is_wildcard("*.d.test")
    assert not is_wildcard("*")
    assert not is_wildcard("a*.d.test")


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("a.d.test", "a.d.test"),
        ("A.D.test", "a.d.TEST"),
        ("*.d.test", "a.d.test"),
        ("*.d.test", "*.d.test"),
        ("a.d.test.", "a.d.test"),
        ("a.d.test", "a.d.test."),
    ],
)
def test_certificates_that_cover_a_host(name: str, host: str) -> None:
    assert certificate_covers(name, host)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("*.d.test", "d.test"),
        ("*.d.test", "a.b.d.test"),
        ("*.test", "*.d.test"),
        ("a.d.test", "*.d.test"),
        ("a*.d.test", "ab.d.test"),
        ("*", "test"),
        ("", "a.test"),
    ],
)
def test_certificates_that_do_not(name: str, host: str) -> None:
    assert not certificate_covers(name, host)
