# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded answers of a real controller to public Ingresses, each applied alone; they are not part of the project.

The folder is ``../shared/corpus`` beside the checkout, or what ``INGRESS_CORPUS`` names. Its README says how the
answers were taken: ingress-nginx 1.15.1, risk level Critical, snippets allowed, everything else default, the class
forced to ``nginx``, one Service with an endpoint for each backend, a self-signed Secret for each ``tls`` entry.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import Bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.secrets import (
    SecretFacts,
    named_secrets,
)

from manifests import Object, bundle, certificate, service

SETTINGS = {"annotations-risk-level": "Critical", "allow-snippet-annotations": "true"}
_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "corpus"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One Ingress of the corpus, and what the controller made of it: None where the API refused it."""

    name: str
    ingress: Object
    answers: Mapping[str, Any] | None

    @property
    def probes(self) -> list[Mapping[str, Any]]:
        """The recorded requests and answers."""
        return list((self.answers or {}).get("probes", ()))


def corpus_folder() -> Path | None:
    """Return the folder of the corpus, None where there is none."""
    folder = Path(os.environ.get("INGRESS_CORPUS") or _BESIDE)
    return folder if (folder / "nginx-answers").is_dir() else None


def read_corpus(folder: Path) -> Iterator[Recorded]:
    """Yield all Ingresses, in order of their files."""
    for path in sorted((folder / "ingresses").glob("*.yaml")):
        answers = folder / "nginx-answers" / f"{path.name}.json"
        recorded = json.loads(answers.read_text(encoding="utf-8")) if answers.exists() else None
        if recorded is not None and "probes" not in recorded:
            recorded = None
        ingress = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        yield Recorded(path.name, _forced(ingress), recorded)


def _forced(ingress: Object) -> Object:
    metadata = {"namespace": "default", **ingress["metadata"]}
    metadata["creationTimestamp"] = "2024-01-01T00:00:00Z"
    return {**ingress, "metadata": metadata, "spec": {**ingress["spec"], "ingressClassName": "nginx"}}


def bundle_for(recorded: Recorded) -> Bundle:
    """Return the cluster in which the answers were taken."""
    namespace = recorded.ingress["metadata"]["namespace"]
    ports: dict[str, dict[Any, Object]] = {}
    for name, port in _backends(recorded.ingress["spec"]):
        number = port.get("number") or 8000 + len(ports.get(name, ()))
        entry = {"port": number, "targetPort": number, "name": port.get("name") or f"p{number}"}
        ports.setdefault(name, {})[port.get("number") or port.get("name")] = entry
    services = [service(name, namespace, list(entries.values())) for name, entries in ports.items()]
    certificates = [
        certificate(*(entry.get("hosts") or ()), secret=entry["secretName"], namespace=namespace)
        for entry in recorded.ingress["spec"].get("tls") or ()
        if entry.get("secretName")
    ]
    secrets = [
        SecretFacts(*place, ("auth", "ca.crt", "tls.crt", "tls.key"), "0", ("sha",), ("sha",), "0")
        for place in named_secrets([recorded.ingress])
    ]
    return bundle(recorded.ingress, *services, certificates=certificates, secrets=secrets, settings=SETTINGS)


def _backends(spec: Object) -> Iterator[tuple[str, Object]]:
    found = [spec.get("defaultBackend")]
    for rule in spec.get("rules") or ():
        found += [path.get("backend") for path in (rule.get("http") or {}).get("paths") or ()]
    for backend in found:
        if backend and backend.get("service"):
            yield backend["service"]["name"], backend["service"].get("port") or {}
