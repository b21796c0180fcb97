# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ingress as ingress-nginx reads it: typed, with its defaults filled in. PRIVATE to the collection.

Source: semantics.md B.2 (path types), ingress-nginx ``store.syncIngress`` (empty paths, path types).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .._kube.objects import KubeObject, ObjectKey, key_of

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
    """Return ``obj``, which was admitted (:mod:`.._bundle.admission`), with defaults filled in."""
    metadata, spec = obj["metadata"], obj.get("spec") or {}
    annotations = metadata.get("annotations") or {}
    start = f"{prefix}/"
    return Ingress(
        key=key_of(obj),
        created=metadata.get("creationTimestamp") or "",
        named={name[len(start) :]: value for name, value in annotations.items() if name.startswith(start)},
        class_name=spec.get("ingressClassName"),
        class_annotation=annotations.get(CLASS_ANNOTATION),
        default_backend=_backend(spec.get("defaultBackend")),
        rules=tuple(map(_rule, spec.get("rules") or ())),
        tls=tuple(
            TlsEntry(tuple(entry.get("hosts") or ()), entry.get("secretName") or "") for entry in spec.get("tls") or ()
        ),
    )


def oldest_first(ingresses: Iterable[Ingress]) -> list[Ingress]:
    """Return the Ingresses in nginx's order: by age, those of equal age by name, descending (semantics.md B.1)."""
    by_name = sorted(ingresses, key=lambda item: f"{item.key.namespace}/{item.key.name}", reverse=True)
    return sorted(by_name, key=lambda item: item.created)


def _rule(rule: KubeObject) -> Rule:
    host, http = rule.get("host") or "", rule.get("http")
    return Rule(host, None if http is None else tuple(map(_path, http.get("paths") or ())))


def _path(path: KubeObject) -> Path:
    kind = EXACT if path.get("pathType") == EXACT else PREFIX
    return Path(path.get("path") or "/", kind, _backend(path.get("backend")))


def _backend(backend: KubeObject | None) -> Backend | None:
    service = (backend or {}).get("service")
    if not service:
        return None
    port = service["port"]
    return Backend(service["name"], port.get("number") or port["name"])
