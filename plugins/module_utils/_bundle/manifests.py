# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bundle from manifests instead of a cluster: what is missing is assumed later, with a finding. PRIVATE."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from .._kube.kinds import KINDS, Kind
from .._kube.objects import KubeObject, ObjectKey, key_of
from .admission import Refusal, admit, hosts_within, malformed
from .bundle import Bundle, Certificate
from .plain import NotPlainError, require_plain
from .pruning import is_ours, prune
from .secrets import SecretFacts, named_secrets
from .workload import describe, runs_controller

_NGINX_CLASS: KubeObject = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "nginx"},
    "spec": {"controller": "k8s.io/ingress-nginx"},
}
_TLS = "kubernetes.io/tls"
_GROUPS_OF_ONE_SCHEMA = ("networking.istio.io", "security.istio.io")
"""Whose versions say the same."""
_OUR_GROUPS = {"extensions", *(kind.group for kind in KINDS.values())}
"""API groups of the kinds that are read, now and formerly; in others a kind of the same name is something else."""


class ManifestError(ValueError):
    """Nothing can be read of manifests; ``str()`` names the place and says what is wrong."""


class Document(NamedTuple):
    """One document of a file: where it stands, and what it says, as parsed YAML or JSON.

    ``problem`` says why it cannot be taken as it is read, and is empty where it can; ``hosts`` are those that it seems
    to name.
    """

    place: str
    content: Any
    problem: str = ""
    hosts: tuple[str, ...] = ()


def bundle_of(
    cluster: str,
    documents: Iterable[Document],
    read_certificate: Callable[[KubeObject], Certificate],
    read_facts: Callable[[KubeObject], SecretFacts] | None = None,
) -> Bundle:
    """Return a bundle of manifests.

    Lists are taken apart, kinds that no plan depends on are left out; so is what cannot be read, with a refusal each.
    ``read_certificate`` keeps what may be kept of a TLS Secret, ``read_facts`` what may be kept of one that an
    annotation names. Without an IngressClass the class ``nginx`` is assumed; an object without a namespace is in
    ``default``. Raises ManifestError where something was refused and nothing is left.
    """
    reading = _Reading()
    admission = admit(reading.objects(documents))
    refusals = [*reading.refusals, *admission.refusals]
    objects = {kind: found for kind, found in admission.objects.items() if kind != "Secret"}
    secrets = admission.objects.get("Secret", [])
    serious = [item for item in refusals if item.code != "NOT-AN-OBJECT"]
    if serious and not admission.objects:
        more = f" (and {len(serious) - 1} more like it)" if len(serious) > 1 else ""
        raise ManifestError(f"{serious[0].problem}; correct or remove it{more}")
    objects.setdefault("IngressClass", [_NGINX_CLASS])
    workloads = [*objects.get("Deployment", ()), *objects.get("DaemonSet", ())]
    running = [workload for workload in workloads if runs_controller(workload)]
    certificates = [read_certificate(secret) for secret in secrets if secret.get("type") == _TLS]
    named = set(named_secrets(objects.get("Ingress", ())))
    facts = [read_facts(secret) for secret in secrets if _place(secret) in named] if read_facts else []
    return Bundle(
        cluster,
        objects,
        {(item.namespace, item.name): item for item in certificates},
        {(item.namespace, item.name): item for item in facts},
        controller=describe(running[0], objects.get("Service", ())) if len(running) == 1 else None,
        refusals=refusals,
    )


def _place(obj: KubeObject) -> tuple[str, str]:
    key = key_of(obj)
    return key.namespace, key.name


class _Reading:
    """Takes documents apart, and keeps what is no object of a kind that is read."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []

    def objects(self, documents: Iterable[Document]) -> Iterator[tuple[str, KubeObject]]:
        """Yield the objects of kinds that are read, with the place where each stands."""
        for place, content, problem, hosts in documents:
            try:
                require_plain(content)
            except NotPlainError as error:
                self._refuse_document(place, problem or str(error), (*hosts, *hosts_within(content)))
                continue
            if problem:
                self._refuse_document(place, problem, (*hosts, *hosts_within(content)))
            else:
                yield from self._taken_apart(place, content)

    def _refuse_document(self, place: str, problem: str, hosts: tuple[str, ...]) -> None:
        key = ObjectKey("Document", "", place)
        self.refusals.append(Refusal("UNREADABLE-DOCUMENT", key, "", f"{place} {problem}", hosts))

    def _taken_apart(self, place: str, content: Any) -> Iterator[tuple[str, KubeObject]]:
        if content is None:
            return
        if not isinstance(content, dict) or not isinstance(content.get("kind"), str):
            self._refuse_no_object(place, content)
        elif content["kind"].endswith("List") and "items" in content:
            items = [] if content["items"] is None else content["items"]
            if not isinstance(items, list):
                self.refusals.append(malformed(content, "items", "must be a list", place))
                return
            for number, item in enumerate(items, 1):
                yield from self._taken_apart(f"{place} item {number}", item)
        else:
            yield from self._known(place, content)

    def _refuse_no_object(self, place: str, content: Any) -> None:
        key = ObjectKey("Document", "", place)
        problem = f"{place} is no Kubernetes object: it has no kind"
        # What has an apiVersion was meant to be one.
        meant = isinstance(content, dict) and "apiVersion" in content
        code = "UNREADABLE-DOCUMENT" if meant else "NOT-AN-OBJECT"
        self.refusals.append(Refusal(code, key, "", problem, tuple(hosts_within(content)) if meant else ()))

    def _known(self, place: str, obj: KubeObject) -> Iterator[tuple[str, KubeObject]]:
        """Yield ``obj`` if it is of a kind that is read, by its name and its API."""
        kind, version = KINDS.get(obj["kind"]), obj.get("apiVersion")
        if kind is None:
            self._refuse_misspelt(place, obj)
        elif not isinstance(version, str):
            self.refusals.append(malformed(obj, "apiVersion", f"must be {kind.api_version}", place))
        elif _is_of(kind, version):
            if not is_ours(obj):
                # What the server manages makes no other object of a copy.
                yield place, prune(_placed(obj, kind))
        elif version.rpartition("/")[0] in _OUR_GROUPS:
            problem = f"must be {kind.api_version}, found {version[:60]!r}"
            self.refusals.append(malformed(obj, "apiVersion", problem, place))

    def _refuse_misspelt(self, place: str, obj: KubeObject) -> None:
        version = obj.get("apiVersion")
        same_api = [kind.name for kind in KINDS.values() if kind.api_version == version]
        lower = {name.lower(): name for name in same_api}
        close = difflib.get_close_matches(obj["kind"][:60].lower(), lower, n=1, cutoff=0.8)
        if close:
            meant = f"which {version} does not have; {lower[close[0]]} has a similar name"
            problem = f"{place} is of kind {obj['kind'][:60]!r}, {meant}"
            self.refusals.append(Refusal("UNKNOWN-KIND", key_of(obj), "kind", problem, tuple(hosts_within(obj))))


def _is_of(kind: Kind, version: str) -> bool:
    same_schema = kind.group in _GROUPS_OF_ONE_SCHEMA and version.startswith(f"{kind.group}/")
    return version == kind.api_version or same_schema


def _placed(obj: KubeObject, kind: Kind) -> KubeObject:
    """Return ``obj`` in the namespace that ``kubectl apply`` would put it in."""
    metadata = obj.get("metadata")
    if kind.namespaced and isinstance(metadata, dict) and metadata.get("namespace") in (None, ""):
        return {**obj, "metadata": {**metadata, "namespace": "default"}}
    return obj
