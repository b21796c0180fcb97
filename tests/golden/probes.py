# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fixture is made of: Ingresses, and probes with the answer that each plane is expected to give.

An expectation is a text of words (quoted as in a shell), all of which must hold for every answer of the probe::

    200                the status; ``reset`` when no answer came
    root               the backend that answered; ``-`` when none did
    uri=/x             what the backend received as request target
    location=URL       the Location
    X-Name=value       a header of the answer; ``X-Name``~text contains it; ``!X-Name`` is absent
    up:x-name=value    a header that the backend received; also up:x~text and !up:x
    cert=name          the common name of the certificate shown contains it
    share:k=45..55     per cent of the answers that came from a backend
    count:503=1        how many answers have this status; also count:503>=2
    pods=1             how many Pods answered
    seconds<70         how long the probe took
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
NAMESPACE = "d"
PREFIX = "nginx.ingress.kubernetes.io"


@dataclass(frozen=True, slots=True)
class Probe:
    """One row: how planes are asked and what they are expected to answer.

    ``row`` is the kind of the row: ``=`` both planes answer alike; ``D`` an accepted difference, ``istio`` says which;
    ``F`` alike by an Envoy filter; ``X`` not reproducible, the host is held back. ``older`` is what the older
    controller of the sandbox answers instead, ``cite`` why. ``held`` is the finding that holds the host back, where
    that is what is right. ``shape`` is how it is asked: ``curl``, ``websocket`` or ``idle-websocket``.
    """

    id: str
    host: str
    target: str
    nginx: str
    row: str = "="
    istio: str = ""
    older: str = ""
    cite: str = ""
    held: str = ""
    options: tuple[str, ...] = ()
    scheme: str = "http"
    sni: str | None = None
    count: int = 1
    shape: str = "curl"
    slow: bool = False
    repeat_with_cookie: bool = False
    phase: int = 1


@dataclass(frozen=True, slots=True)
class Phase:
    """Settings of the controller that some probes need and others must not have: all of its ConfigMap, arguments."""

    settings: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


PHASES: Mapping[int, Phase] = {
    2: Phase(),
    3: Phase({"global-allowed-response-headers": "X-Golden"}),
    4: Phase(arguments=("--enable-ssl-passthrough",)),
}
"""The passes after the first, in order; what is created in one stays for the next."""


@dataclass(slots=True)
class Section:
    """Ingresses (each with its round of creation), other objects and probes of one section."""

    name: str
    ingresses: list[tuple[int, Object]] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)
    certificates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    probes: list[Probe] = field(default_factory=list)
    later: list[tuple[int, Object]] = field(default_factory=list)

    def ingress(
        self,
        host: str | Sequence[str],
        *paths: str,
        annotations: Mapping[str, str] | None = None,
        tls: Sequence[Object] = (),
        age: int = 0,
        name: str = "",
        namespace: str = NAMESPACE,
        default: str = "",
        phase: int = 1,
    ) -> None:
        """Add an Ingress for hosts below i2i.test; a path is ``/path Type service[:port]``."""
        hosts = [host] if isinstance(host, str) else list(host)
        entries = [_path(text) for text in paths or ("/ Prefix web",)] if paths != ("none",) else []
        rules = [{"host": full(item), "http": {"paths": entries}} for item in hosts]
        spec: Object = {"ingressClassName": "nginx", "rules": [{k: v for k, v in rule.items() if v} for rule in rules]}
        if paths == ("none",):
            del spec["rules"]
        if default:
            spec["defaultBackend"] = _backend(default)
        if tls:
            spec["tls"] = list(tls)
        label = name or f"{self.name}-{len(self.ingresses) + len(self.later):03}"
        metadata = {
            "name": label,
            "namespace": namespace,
            "annotations": {f"{PREFIX}/{key}": value for key, value in (annotations or {}).items()},
        }
        obj = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}
        if phase == 1:
            self.ingresses.append((age, obj))
        else:
            self.later.append((phase, obj))

    def secure(self, host: str, *paths: str, names: Sequence[str] = (), **fields: Any) -> None:
        """Add an Ingress with a certificate of its own, for its host unless ``names`` says otherwise."""
        secret = "cert-" + host.replace("*", "wild").replace(".", "-")
        self.certificates[secret] = tuple(full(name) for name in names or (host,))
        self.ingress(host, *paths, tls=[{"hosts": [full(host)], "secretName": secret}], **fields)

    def ask(self, name: str, host: str, target: str, nginx: str, *row: str, **fields: Any) -> None:
        """Add a probe; ``row`` is its kind and what the gateway answers instead."""
        options = tuple(fields.pop("options", ()))
        self.probes.append(Probe(name, full(host), target, nginx, *row, options=options, **fields))


def full(host: str) -> str:
    """Return a short host below the domain of the fixtures; others and none as they are."""
    return host if not host or host.endswith(".test") or host[0].isdigit() else f"{host}.i2i.test"


def _path(text: str) -> Object:
    path, type_, service = text.split(" ")
    entry: Object = {"pathType": type_, "backend": _backend(service)}
    if path != '""':
        entry["path"] = path
    if service == "resource":
        entry["backend"] = {"resource": {"apiGroup": "k8s.example.test", "kind": "Bucket", "name": "static"}}
    return entry


def _backend(service: str) -> Object:
    name, _, port = service.partition(":")
    return {"service": {"name": name, "port": {"number": int(port or 80)}}}
