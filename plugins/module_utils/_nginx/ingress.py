# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ingress as ingress-nginx reads it: typed, with its defaults filled in. PRIVATE to the collection.

Source: semantics.md B.2 (path types), ingress-nginx ``store.syncIngress`` (empty paths, path types).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._kube.objects import (
    KubeObject,
    MalformedObjectError,
    ObjectKey,
    annotations_of,
    key_of,
    list_at,
    mapping_at,
    text_at,
)

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
EXACT = "Exact"
PREFIX = "Prefix"


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service of the Ingress' namespace; ``port`` is a number, or a name, as written."""

    service: str
    port: int | str

    def __str__(self) -> str:
        return f"{self.service}:{self.port}"


@dataclass(frozen=True, slots=True)
class Path:
    """One path of a rule. ``backend`` is None where the path names a resource instead of a Service."""

    path: str
    type: str
    backend: Backend | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; an empty ``host`` is every host; ``paths`` is None where the rule has no ``http``."""

    host: str
    paths: tuple[Path, ...] | None


@dataclass(frozen=True, slots=True)
class TlsEntry:
    """One entry of ``spec.tls``; ``secret`` may be empty."""

    hosts: tuple[str, ...]
    secret: str


@dataclass(frozen=True, slots=True)
class Ingress:
    """One Ingress. ``named`` holds its annotations under the controller's prefix, without the prefix."""

    key: ObjectKey
    created: str
    named: Mapping[str, str]
    class_name: str | None
    class_annotation: str | None
    default_backend: Backend | None
    rules: tuple[Rule, ...]
    tls: tuple[TlsEntry, ...]

    @property
    def namespace(self) -> str:
        """Namespace of the Ingress and of its backends."""
        return self.key.namespace


def read_ingress(obj: KubeObject, prefix: str) -> Ingress:
    """Return ``obj`` with defaults filled in. Raises MalformedObjectError for a field of the wrong type."""
    annotations = annotations_of(obj)
    start = f"{prefix}/"
    spec = mapping_at(obj, "spec")
    return Ingress(
        key=key_of(obj),
        created=text_at(obj, "metadata", "creationTimestamp"),
        named={name[len(start) :]: value for name, value in annotations.items() if name.startswith(start)},
        class_name=text_at(obj, "spec", "ingressClassName") if "ingressClassName" in spec else None,
        class_annotation=annotations.get(CLASS_ANNOTATION),
        default_backend=_backend(obj, spec.get("defaultBackend"), "spec.defaultBackend"),
        rules=tuple(
            _rule(obj, rule, f"spec.rules[{number}]") for number, rule in enumerate(list_at(obj, "spec", "rules"))
        ),
        tls=tuple(_tls(obj, entry, f"spec.tls[{number}]") for number, entry in enumerate(list_at(obj, "spec", "tls"))),
    )


def oldest_first(ingresses: Iterable[Ingress]) -> list[Ingress]:
    """Return the Ingresses in nginx's order: by age, those of equal age by name, descending (semantics.md B.1)."""
    by_name = sorted(ingresses, key=lambda item: f"{item.key.namespace}/{item.key.name}", reverse=True)
    return sorted(by_name, key=lambda item: item.created)


def _checked(obj: KubeObject, value: Any, field: str, kind: type, expected: str) -> Any:
    if value is None:
        return kind()
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise MalformedObjectError(key_of(obj), field, expected, value)
    return value


def _rule(obj: KubeObject, value: Any, field: str) -> Rule:
    rule = _checked(obj, value, field, dict, "a mapping")
    host = _checked(obj, rule.get("host"), f"{field}.host", str, "text")
    if rule.get("http") is None:
        return Rule(host, None)
    http = _checked(obj, rule["http"], f"{field}.http", dict, "a mapping")
    paths = _checked(obj, http.get("paths"), f"{field}.http.paths", list, "a list")
    return Rule(host, tuple(_path(obj, path, f"{field}.http.paths[{number}]") for number, path in enumerate(paths)))


def _path(obj: KubeObject, value: Any, field: str) -> Path:
    path = _checked(obj, value, field, dict, "a mapping")
    text = _checked(obj, path.get("path"), f"{field}.path", str, "text") or "/"
    kind = _checked(obj, path.get("pathType"), f"{field}.pathType", str, "text")
    return Path(text, EXACT if kind == EXACT else PREFIX, _backend(obj, path.get("backend"), f"{field}.backend"))


def _backend(obj: KubeObject, value: Any, field: str) -> Backend | None:
    backend = _checked(obj, value, field, dict, "a mapping")
    if not backend.get("service"):
        return None
    service = _checked(obj, backend["service"], f"{field}.service", dict, "a mapping")
    name = _checked(obj, service.get("name"), f"{field}.service.name", str, "text")
    port = _checked(obj, service.get("port"), f"{field}.service.port", dict, "a mapping")
    number = _checked(obj, port.get("number"), f"{field}.service.port.number", int, "a number")
    label = _checked(obj, port.get("name"), f"{field}.service.port.name", str, "text")
    return Backend(name, number if number > 0 else label)


def _tls(obj: KubeObject, value: Any, field: str) -> TlsEntry:
    entry = _checked(obj, value, field, dict, "a mapping")
    listed = _checked(obj, entry.get("hosts"), f"{field}.hosts", list, "a list")
    hosts = tuple(_checked(obj, host, f"{field}.hosts", str, "a list of text") for host in listed)
    return TlsEntry(hosts, _checked(obj, entry.get("secretName"), f"{field}.secretName", str, "text"))
