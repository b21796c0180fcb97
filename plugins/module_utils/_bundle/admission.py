# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where objects that anybody may have written become objects that can be trusted. PRIVATE.

What is admitted has the types that the schema of an API server guarantees (:mod:`.schema`), a legal name, and stands
alone under it: whoever reads it further on asks no more. What is not admitted is refused with its reason and the hosts
that it names, so that they stay on nginx; it never stops what stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .._kube.digests import canonical_json
from .._kube.kinds import KINDS
from .._kube.names import is_dns_label, is_object_name
from .._kube.objects import KubeObject, ObjectKey, key_of
from .._kube.shapes import MisshapenError
from .schema import shape_of

ANNOTATIONS_LIMIT = 256 * 1024
"""Bytes of all annotations of an object together (Kubernetes ``apimachinery/pkg/api/validation``)."""

_HOST_LINE = re.compile(r"\bhost[\"']?[ \t]{0,9}:[ \t]{0,9}[\"']?([A-Za-z0-9*._-]{1,253})")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was not taken as it stands: the ``code`` of the finding about it, and what that says.

    ``hosts`` are those that an Ingress among it names, as far as that can be seen: they must stay where they are.
    """

    code: str
    key: ObjectKey
    field: str
    problem: str
    hosts: tuple[str, ...] = ()


@dataclass(slots=True)
class Admission:
    """What was admitted, by kind, and what was refused."""

    objects: dict[str, list[KubeObject]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)


def admit(objects: Iterable[tuple[str, KubeObject]]) -> Admission:
    """Admit objects of the kinds of ``KINDS``, each with the place where it stands, which may be empty."""
    admission = Admission()
    found: dict[ObjectKey, list[KubeObject]] = {}
    for place, obj in objects:
        try:
            taken = _taken(obj)
        except MisshapenError as error:
            admission.refusals.append(malformed(obj, error.field, error.problem, place))
        else:
            found.setdefault(key_of(taken), []).append(taken)
    for key, copies in found.items():
        admission.objects.setdefault(key.kind, []).extend(_alone(key, copies, admission))
    return admission


def malformed(obj: KubeObject, field: str, problem: str, place: str = "") -> Refusal:
    """Return the refusal of ``obj``, for what is said of one of its fields."""
    key = key_of(obj)
    where = f" ({place})" if place else ""
    hosts = tuple(hosts_within(obj)) if key.kind == "Ingress" else ()
    return Refusal("MALFORMED-OBJECT", key, field, f"{key}: {field} {problem}{where}", hosts)


def hosts_within(value: Any) -> Iterator[str]:
    """Yield what stands as a host somewhere in ``value``, however it is built, each once."""
    seen: set[int] = set()
    hosts: dict[str, None] = {}
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, (dict, list)) or id(item) in seen:
            continue
        seen.add(id(item))
        waiting += item if isinstance(item, list) else item.values()
        if isinstance(item, dict):
            listed = item.get("hosts")
            named = [item.get("host"), *(listed if isinstance(listed, list) else ())]
            hosts.update(dict.fromkeys(name for name in named if isinstance(name, str) and name))
    yield from sorted(hosts)


def hosts_in_text(text: str) -> tuple[str, ...]:
    """Return what looks like the host of a rule in a text that cannot be read."""
    return tuple(sorted(set(_HOST_LINE.findall(text))))


def _taken(obj: KubeObject) -> KubeObject:
    kind = KINDS[obj["kind"]]
    taken: KubeObject = shape_of(kind.name).take(obj)
    key = key_of(taken)
    if not is_object_name(key.name):
        raise _misshapen("metadata.name", "a DNS name", key.name)
    if kind.namespaced and not is_dns_label(key.namespace):
        raise _misshapen("metadata.namespace", "a DNS label", key.namespace)
    size = _size(taken["metadata"].get("annotations", {}))
    if size > ANNOTATIONS_LIMIT:
        raise _misshapen("metadata.annotations", f"at most {ANNOTATIONS_LIMIT} bytes", size)
    return taken


def _size(annotations: dict[str, str]) -> int:
    """Return the bytes of annotations; of few, their characters."""
    characters = sum(map(len, annotations.values()))
    # A character has at most four bytes.
    if characters < ANNOTATIONS_LIMIT // 8:
        return characters
    return sum(len(text.encode()) for pair in annotations.items() for text in pair)


def _misshapen(field: str, expected: str, found: Any) -> MisshapenError:
    error = MisshapenError(expected, found)
    error.path.append(field)
    return error


def _alone(key: ObjectKey, copies: list[KubeObject], admission: Admission) -> list[KubeObject]:
    """Return the one object of ``key``; none where copies of an Ingress differ: any may be the one that counts."""
    if len(copies) == 1:
        return copies
    by_content = {canonical_json(obj): obj for obj in copies}
    same = len(by_content) == 1
    if same or key.kind != "Ingress":
        differ = "" if same else f" with {len(by_content)} contents"
        problem = f"the input holds this object {len(copies)} times{differ}; one of them was used"
        admission.refusals.append(Refusal("DUPLICATE-OBJECT", key, "", problem))
        return [by_content[min(by_content)]]
    problem = f"the input holds this Ingress with {len(by_content)} different contents"
    admission.refusals.append(Refusal("CONFLICTING-OBJECT", key, "", problem, tuple(hosts_within(copies))))
    return []
