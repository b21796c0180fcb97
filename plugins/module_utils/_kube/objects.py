# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading Kubernetes objects as they come from an API server or a manifest. PRIVATE to the collection.

An object is a ``dict`` as JSON gives it. Manifests are written by people, so every accessor accepts a field that is
absent or ``null``; a field of the wrong type is a :class:`MalformedObjectError` that names the object and the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

KubeObject: TypeAlias = dict[str, Any]


class ObjectKey(NamedTuple):
    """Identity of an object inside one cluster; ``namespace`` is empty for cluster-scoped kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}".strip()


class MalformedObjectError(ValueError):
    """An object has a field of the wrong type; ``str()`` names the object, the field, and what was found."""

    def __init__(self, key: ObjectKey, field: str, expected: str, found: Any) -> None:
        super().__init__(f"{key}: field {field} must be {expected}, found {type(found).__name__}")
        self.key = key
        self.field = field


def key_of(obj: Mapping[str, Any]) -> ObjectKey:
    """Return the key of ``obj``; parts that are absent or not text are empty."""
    meta = obj.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    return ObjectKey(_text(obj.get("kind")), _text(meta.get("namespace")), _text(meta.get("name")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def mapping_at(obj: Mapping[str, Any], *path: str) -> dict[str, Any]:
    """Return the mapping at ``path`` ({} where absent). Raises :class:`MalformedObjectError` for any other type."""
    value: dict[str, Any] = dict(obj)
    for step, field in enumerate(path, 1):
        found = value.get(field)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise MalformedObjectError(key_of(obj), ".".join(path[:step]), "a mapping", found)
        value = found
    return value


def list_at(obj: Mapping[str, Any], *path: str) -> list[Any]:
    """Return the list at ``path`` ([] where absent). Raises :class:`MalformedObjectError` for any other type."""
    parent = mapping_at(obj, *path[:-1]) if len(path) > 1 else obj
    value = parent.get(path[-1])
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedObjectError(key_of(obj), ".".join(path), "a list", value)
    return value


def mappings_at(obj: Mapping[str, Any], *path: str) -> list[dict[str, Any]]:
    """Return the list of mappings at ``path`` ([] where absent); an entry that is null counts as empty.

    Raises :class:`MalformedObjectError` for any other type, with the number of the entry.
    """
    entries = list_at(obj, *path)
    for number, entry in enumerate(entries):
        if entry is not None and not isinstance(entry, dict):
            raise MalformedObjectError(key_of(obj), f"{'.'.join(path)}[{number}]", "a mapping", entry)
    return [entry or {} for entry in entries]


def text_at(obj: Mapping[str, Any], *path: str) -> str:
    """Return the text at ``path`` ("" where absent). Raises :class:`MalformedObjectError` for any other type."""
    parent = mapping_at(obj, *path[:-1]) if len(path) > 1 else obj
    value = parent.get(path[-1])
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedObjectError(key_of(obj), ".".join(path), "text", value)
    return value


def annotations_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """Return the annotations of ``obj``. Raises :class:`MalformedObjectError` when a value is not text."""
    return _text_map(obj, "metadata", "annotations")


def labels_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of ``obj``. Raises :class:`MalformedObjectError` when a value is not text."""
    return _text_map(obj, "metadata", "labels")


def data_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """Return ``data`` of a ConfigMap. Raises :class:`MalformedObjectError` when a value is not text."""
    return _text_map(obj, "data")


def _text_map(obj: Mapping[str, Any], *path: str) -> dict[str, str]:
    values = mapping_at(obj, *path)
    for name, value in values.items():
        if not isinstance(value, str):
            raise MalformedObjectError(key_of(obj), f"{'.'.join(path)}[{name}]", "text", value)
    return values
