# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canonical JSON: equal content has equal bytes (design.md, rule 5)."""

from __future__ import annotations

import hashlib
import json

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.digests import (
    canonical_json,
    canonical_list,
    canonical_mapping,
    digest,
    readable_json,
    sha256_hex,
    short_hash,
)


def test_keys_are_sorted_and_nothing_is_padded() -> None:
    assert canonical_json({"b": [1, {"z": None, "a": True}], "a": "é"}) == '{"a":"é","b":[1,{"a":true,"z":null}]}'


def test_canonical_parts_make_a_canonical_whole() -> None:
    value = {"b": [1, {"z": None, "a": True}], "é": {}, 'a"': "x", "Z": []}
    assert canonical_mapping({name: canonical_json(item) for name, item in value.items()}) == canonical_json(value)
    for entries in ([], [1], [value, "é", None]):
        assert canonical_list(canonical_json(entry) for entry in entries) == canonical_json(entries)


def test_the_order_of_keys_does_not_count_that_of_lists_does() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest([1, 2]) != digest([2, 1])


@pytest.mark.parametrize(("first", "second"), [(1, "1"), (0, False), (None, ""), ({}, []), (1, 1.5)])
def test_values_of_different_types_differ(first: object, second: object) -> None:
    assert digest(first) != digest(second)


def test_files_for_people_say_the_same_and_end_in_a_newline() -> None:
    value = {"b": {"d": 1, "c": "é"}, "a": []}
    text = readable_json(value)
    assert text.endswith("}\n")
    assert json.loads(text) == value
    assert text.index('"a"') < text.index('"b"')


def test_text_is_hashed_as_utf_8() -> None:
    assert sha256_hex("é") == hashlib.sha256("é".encode()).hexdigest() == sha256_hex("é".encode())


def test_short_hashes_keep_their_parts_apart() -> None:
    assert len({short_hash("a", "bc"), short_hash("ab", "c"), short_hash("abc"), short_hash("a", "b", "c")}) == 4
    assert len(short_hash("a")) == 8
