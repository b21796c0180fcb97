# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundle in memory. PRIVATE to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .._kube.objects import KubeObject, key_of
from .admission import Refusal
from .secrets import SecretFacts


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is kept of a TLS Secret: no key material.

    ``names`` are the DNS names it is valid for (subject alternative names; the common name where there are none);
    the dates are RFC 3339 in UTC; ``fingerprint`` is the SHA-256 of the leaf certificate in hex digits, ``chain`` that
    of the whole chain as stored, so that equal copies are known as such. ``expired`` is as of the capture; nginx serves
    expired certificates. ``problem`` says why it cannot be used, and is empty for a usable one.
    """

    namespace: str
    name: str
    names: tuple[str, ...] = ()
    not_before: str = ""
    not_after: str = ""
    fingerprint: str = ""
    chain: str = ""
    expired: bool = False
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the certificate as one line of ``certificates.jsonl``."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "names": list(self.names),
            "not_before": self.not_before,
            "not_after": self.not_after,
            "fingerprint": self.fingerprint,
            "chain": self.chain,
            "expired": self.expired,
            "problem": self.problem,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Certificate:
        """Return the certificate of one line of ``certificates.jsonl``. Raises TypeError for unknown fields."""
        return cls(**{**data, "names": tuple(data["names"])})


@dataclass(frozen=True, slots=True)
class Controller:
    """The ingress-nginx workload: where it runs, what it was started with, which Service leads to it."""

    kind: str
    namespace: str
    name: str
    image: str
    arguments: tuple[str, ...]
    configmap: tuple[str, str] | None = None
    service: tuple[str, str] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the controller as it stands in ``bundle.json``."""
        return {
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "image": self.image,
            "arguments": list(self.arguments),
            "configmap": list(self.configmap) if self.configmap else None,
            "service": list(self.service) if self.service else None,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Controller:
        """Return the controller of a ``bundle.json``. Raises KeyError for missing fields."""
        return cls(
            kind=data["kind"],
            namespace=data["namespace"],
            name=data["name"],
            image=data["image"],
            arguments=tuple(data["arguments"]),
            configmap=tuple(data["configmap"]) if data["configmap"] else None,
            service=tuple(data["service"]) if data["service"] else None,
        )


@dataclass(slots=True)
class Bundle:
    """One cluster at one moment.

    ``objects`` are lists by kind, without what the server manages (:mod:`.pruning`); ``certificates`` are the TLS
    Secrets of Ingresses, ``secrets`` the other Secrets that annotations name; ``serving`` are the Services (namespace,
    name) with at least one ready endpoint, None where endpoints are not known; ``controller`` is None where only
    manifests are at hand. ``digest`` is known of a bundle that was read from disk.
    """

    cluster: str
    objects: dict[str, list[KubeObject]] = field(default_factory=dict)
    certificates: dict[tuple[str, str], Certificate] = field(default_factory=dict)
    secrets: dict[tuple[str, str], SecretFacts] = field(default_factory=dict)
    serving: frozenset[tuple[str, str]] | None = None
    controller: Controller | None = None
    server_version: str = ""
    refusals: list[Refusal] = field(default_factory=list)
    digest: str = ""

    def of(self, kind: str) -> list[KubeObject]:
        """Return the objects of one kind."""
        return self.objects.get(kind, [])


def in_order(bundle: Bundle) -> Bundle:
    """Return ``bundle`` with its objects in the order in which they are written: namespace, name."""
    return replace(bundle, objects={kind: _in_order(found) for kind, found in sorted(bundle.objects.items())})


def _in_order(objects: list[KubeObject]) -> list[KubeObject]:
    return sorted(objects, key=key_of)
