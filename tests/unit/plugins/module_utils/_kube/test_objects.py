# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading objects: absent and null are empty, a wrong type is one error that names object and field."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.objects import (
    MalformedObjectError,
    ObjectKey,
    annotations_of,
    data_of,
    key_of,
    labels_of,
    list_at,
    mapping_at,
    mappings_at,
    text_at,
)

POD = {"kind": "Pod", "metadata": {"namespace": "shop", "name": "web"}}
WRONG = [True, 0, 1.5, "x", [1], {"a": 1}]


@pytest.mark.parametrize(
    ("obj", "key"),
    [
        (POD, ObjectKey("Pod", "shop", "web")),
        ({"kind": "Node", "metadata": {"name": "n"}}, ObjectKey("Node", "", "n")),
        ({}, ObjectKey("", "", "")),
        ({"kind": 1, "metadata": {"name": [], "namespace": None}}, ObjectKey("", "", "")),
        ({"kind": "Pod", "metadata": "x"}, ObjectKey("Pod", "", "")),
    ],
)
def test_keys(obj: dict[str, Any], key: ObjectKey) -> None:
    assert key_of(obj) == key


def test_keys_are_written_as_kubectl_does() -> None:
    assert str(ObjectKey("Pod", "shop", "web")) == "Pod shop/web"
    assert str(ObjectKey("Node", "", "n")) == "Node n"


@pytest.mark.parametrize(
    "spec", [{}, {"spec": None}, {"spec": {}}, {"spec": {"a": None}}, {"spec": {"a": {"b": None}}}]
)
def test_absent_and_null_are_empty(spec: dict[str, Any]) -> None:
    obj = {**POD, **spec}
    assert mapping_at(obj, "spec", "a", "b") == {}
    assert list_at(obj, "spec", "a", "b") == []
    assert mappings_at(obj, "spec", "a", "b") == []
    assert text_at(obj, "spec", "a", "b") == ""


@pytest.mark.parametrize("value", WRONG)
def test_a_wrong_type_names_object_field_and_what_was_found(value: Any) -> None:
    readers = {"a mapping": (mapping_at, dict), "a list": (list_at, list), "text": (text_at, str)}
    for expected, (read, kind) in readers.items():
        if isinstance(value, kind):
            assert read({**POD, "spec": {"a": value}}, "spec", "a") == value
            continue
        with pytest.raises(MalformedObjectError) as caught:
            read({**POD, "spec": {"a": value}}, "spec", "a")
        assert str(caught.value) == f"Pod shop/web: field spec.a must be {expected}, found {type(value).__name__}"
        assert caught.value.field == "spec.a"


@pytest.mark.parametrize("read", [mapping_at, list_at, mappings_at, text_at])
def test_a_wrong_type_on_the_way_is_named_too(read: Any) -> None:
    with pytest.raises(MalformedObjectError, match="field spec must be a mapping, found list"):
        read({**POD, "spec": []}, "spec", "a", "b")


def test_entries_of_a_list_are_named_by_their_number() -> None:
    assert mappings_at({"ports": [{"port": 1}, None]}, "ports") == [{"port": 1}, {}]
    with pytest.raises(MalformedObjectError, match=r"Pod shop/web: field ports\[1\] must be a mapping, found int"):
        mappings_at({**POD, "ports": [{}, 7]}, "ports")


@pytest.mark.parametrize(
    ("read", "field"), [(annotations_of, "annotations"), (labels_of, "labels")], ids=["annotations", "labels"]
)
def test_annotations_and_labels_are_text(read: Any, field: str) -> None:
    assert read({"metadata": {field: {"a": "b"}}}) == {"a": "b"}
    with pytest.raises(MalformedObjectError, match=rf"metadata\.{field}\[a\] must be text, found bool"):
        read({"metadata": {field: {"a": True}}})


def test_data_of_a_config_map_is_text() -> None:
    assert data_of({"data": {"ssl-redirect": "false"}}) == {"ssl-redirect": "false"}
    with pytest.raises(MalformedObjectError, match=r"data\[ssl-redirect\] must be text, found bool"):
        data_of({"data": {"ssl-redirect": False}})
