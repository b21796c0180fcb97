# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: what Kubernetes accepts, and what is made of untrusted text."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.names import (
    generated_name,
    is_dns_label,
    is_object_name,
)


@pytest.mark.parametrize("text", ["a", "0", "a-b", "x" * 63, "1a", "kube-system"])
def test_labels_of_rfc_1123_are_accepted(text: str) -> None:
    assert is_dns_label(text)
    assert is_object_name(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a.b", "a_b", "x" * 64, "a\n", "a b", "é", "\u0663", "../a"])
def test_other_text_is_no_label(text: str) -> None:
    assert not is_dns_label(text)


@pytest.mark.parametrize("text", ["a.b", "istio-migration.unit.shop.and-2-more", f"{'x' * 126}.{'y' * 126}"])
def test_object_names_may_have_dots_and_253_characters(text: str) -> None:
    assert is_object_name(text)


@pytest.mark.parametrize("text", ["", ".", "..", "a..b", ".a", "a.", "a/b", "../a", "a%2fb", "a\n", "x" * 254])
def test_what_could_leave_a_folder_or_a_url_is_no_object_name(text: str) -> None:
    assert not is_object_name(text)


def test_a_generated_name_is_readable() -> None:
    name = generated_name("*.Shop.example.test")
    assert name.startswith("wildcard-shop-example-test-")
    assert len(name.rpartition("-")[2]) == 8


def test_the_identity_decides_not_the_readable_part() -> None:
    assert generated_name("a", identity=("host", "a")) != generated_name("a", identity=("service", "a"))
    assert generated_name("a.b") != generated_name("a-b")
    assert generated_name("ab", "c") != generated_name("a", "bc")


def test_equal_identities_have_equal_names() -> None:
    assert generated_name("shop", "cert") == generated_name("shop", "cert")


def test_names_that_are_cut_keep_their_hash() -> None:
    first, second = (generated_name("x" * 100, end) for end in ("a", "b"))
    assert first != second
    assert len(first) == len(second) == 63


@pytest.mark.parametrize("readable", ["", "---", "...", "❤", "/../"])
def test_text_without_a_letter_still_gives_a_label(readable: str) -> None:
    assert is_dns_label(generated_name(readable))
