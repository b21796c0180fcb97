# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks on generated objects, by which they are found, compared and removed (design.md, Generated objects). PRIVATE.

An object that somebody edited by hand no longer has the digest that it carries; it is refused, never overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._bundle.pruning import MANAGED_BY, OURS
from .._kube.digests import canonical_json, canonical_mapping, digest, sha256_hex
from .._kube.objects import KubeObject, ObjectKey

PREFIX = "istio-migration.sealos.io"
UNIT_LABEL = f"{PREFIX}/unit"
PLAN_LABEL = f"{PREFIX}/plan"
DIGEST_ANNOTATION = f"{PREFIX}/spec-digest"
SOURCES_ANNOTATION = f"{PREFIX}/sources"

_SOURCES_SHOWN = 20
_CONTENT = ("spec", "data")


@dataclass(frozen=True, slots=True)
class Stamped:
    """An object with its marks, and ``text``, its canonical JSON: the digest in it is over a part of the same text."""

    obj: KubeObject
    text: str


def content_digest(obj: Mapping[str, Any]) -> str:
    """Return the digest of what an object says, without its metadata; of a Secret, only of its certificates."""
    if obj.get("kind") == "Secret":
        data = obj.get("data") or {}
        revoked = [data["ca.crl"]] if "ca.crl" in data else []
        return digest([data.get("tls.crt"), data["ca.crt"], *revoked] if "ca.crt" in data else data.get("tls.crt"))
    return _digest_of(_content(obj))


def _content(obj: Mapping[str, Any]) -> dict[str, str]:
    """Return the canonical JSON of each field that counts."""
    return {field: canonical_json(obj[field]) for field in _CONTENT if obj.get(field)}


def _digest_of(content: Mapping[str, str]) -> str:
    return sha256_hex(canonical_mapping(content))


def stamp(obj: KubeObject, unit: str, sources: Iterable[ObjectKey]) -> KubeObject:
    """Return ``obj`` with the marks of ``unit``; long lists of sources are cut and counted."""
    return _with_marks(obj, content_digest(obj), unit, sources)


def stamped(obj: KubeObject, unit: str, sources: Iterable[ObjectKey]) -> Stamped:
    """Return what :func:`stamp` does with its canonical JSON; not for Secrets."""
    content = _content(obj)
    marked = _with_marks(obj, _digest_of(content), unit, sources)
    rest = {field: canonical_json(value) for field, value in marked.items() if field not in content}
    return Stamped(marked, canonical_mapping(content | rest))


def _with_marks(obj: KubeObject, digest_of_content: str, unit: str, sources: Iterable[ObjectKey]) -> KubeObject:
    names = sorted({str(source) for source in sources})
    shown = names[:_SOURCES_SHOWN]
    if len(names) > len(shown):
        shown.append(f"and {len(names) - len(shown)} more")
    metadata = dict(obj["metadata"])
    metadata["labels"] = {MANAGED_BY: OURS, UNIT_LABEL: unit, **metadata.get("labels", {})}
    metadata["annotations"] = {
        DIGEST_ANNOTATION: digest_of_content,
        **({SOURCES_ANNOTATION: ", ".join(shown)} if shown else {}),
        **metadata.get("annotations", {}),
    }
    return {**obj, "metadata": metadata}


def stamped_again(obj: KubeObject) -> KubeObject:
    """Return a marked object whose content was completed, with the digest of what it says now."""
    annotations = {**obj["metadata"]["annotations"], DIGEST_ANNOTATION: content_digest(obj)}
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}


def was_edited(live: Mapping[str, Any]) -> bool:
    """Tell whether a live object of ours says something else than what we wrote."""
    written = ((live.get("metadata") or {}).get("annotations") or {}).get(DIGEST_ANNOTATION)
    return written != content_digest(live)
