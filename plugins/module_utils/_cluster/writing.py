# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing our objects to what a plan says, and removing them (design.md, rules 6 and 9). PRIVATE.

Nothing is written before every object of the batch may be written: an object that is not ours, or that somebody
edited by hand, refuses the whole batch with its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .._bundle.pruning import MANAGED_BY, OURS, is_ours
from .._istio.ownership import DIGEST_ANNOTATION, PLAN_LABEL, UNIT_LABEL, was_edited
from .._istio.passwords import hidden, replaced_users
from .._kube.objects import KubeObject, ObjectKey, annotations_of, key_of, labels_of
from .api import Api
from .errors import ApiError, ClusterError
from .ordering import WRITE_ORDER, in_removal_order, in_write_order

_PARALLEL = 8
_UNITS_PER_CALL = 40
_NOT_FOUND = 404
# Kinds that live beside applications; all others of ours are in the gateway's namespace.
_EVERYWHERE = frozenset(("DestinationRule", "VirtualService"))


class RefusedError(ClusterError):
    """Objects that the collection must not touch; ``str()`` names each with its reason."""


@dataclass(frozen=True, slots=True)
class Change:
    """One object and what is done with it: ``create``, ``update``, ``delete`` or ``none``.

    ``before`` and ``after`` are what it says, None where it does not exist; a Secret shows its digest only, and of
    passwords only whose they are is shown.
    """

    key: ObjectKey
    action: str
    before: Any
    after: Any

    def as_dict(self) -> dict[str, str]:
        """Return the change as it stands in module results."""
        return {"kind": self.key.kind, "namespace": self.key.namespace, "name": self.key.name, "action": self.action}


def live_objects(api: Api, units: Sequence[str], home: str) -> dict[ObjectKey, KubeObject]:
    """Return our objects of ``units`` that are in the cluster; ``home`` is the gateway's namespace.

    Raises ApiError, UnreachableError.
    """
    found: dict[ObjectKey, KubeObject] = {}
    for start in range(0, len(units), _UNITS_PER_CALL):
        names = ",".join(units[start : start + _UNITS_PER_CALL])
        selector = f"{MANAGED_BY}={OURS},{UNIT_LABEL} in ({names})"
        for kind in WRITE_ORDER:
            namespace = "" if kind in _EVERYWHERE else home
            found |= {key_of(obj): obj for obj in api.list(kind, namespace, selector)}
    return found


def write(
    api: Api, desired: Iterable[KubeObject], units: Sequence[str], home: str, plan: str, *, force: bool, dry_run: bool
) -> list[Change]:
    """Write ``desired``, all objects of ``units``, remove ours that are no longer among them, return what changed.

    ``home`` is the gateway's namespace, ``plan`` the short id of the plan that the objects are marked with. ``force``
    overwrites objects of ours that were edited by hand; objects of others are never touched.
    Raises RefusedError before anything is written; ApiError, UnreachableError.
    """
    wanted = {key_of(obj): obj for obj in desired}
    live = live_objects(api, units, home)
    present = {**live, **_strangers(api, [key for key in wanted if key not in live])}
    _refuse(present, wanted, force)
    changes = _apply_in_order(api, wanted, present, plan, dry_run)
    obsolete = [obj for key, obj in live.items() if key not in wanted]
    return changes + remove(api, obsolete, force=True, dry_run=dry_run)


def remove(api: Api, objects: Iterable[KubeObject], *, force: bool, dry_run: bool) -> list[Change]:
    """Remove objects of ours and return what changed. Raises RefusedError before anything is removed; ApiError."""
    ordered = in_removal_order(objects)
    _refuse({key_of(obj): obj for obj in ordered}, {}, force)
    return [Change(key_of(obj), "delete", _shown(obj), None) for obj in ordered if api.delete(obj, dry_run=dry_run)]


def _strangers(api: Api, keys: Iterable[ObjectKey]) -> dict[ObjectKey, KubeObject]:
    """Return the objects that are there under our names, but not as ours of these units."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        found = pool.map(lambda key: api.get(key.kind, key.namespace, key.name), keys)
        return {key_of(obj): obj for obj in found if obj}


def _refuse(present: dict[ObjectKey, KubeObject], wanted: dict[ObjectKey, KubeObject], force: bool) -> None:
    reasons = []
    for key, obj in sorted(present.items()):
        if not is_ours(obj):
            reasons.append(f"{key} exists and was not made by this collection; rename or remove it")
        elif was_edited(obj) and not force and not _says(obj, wanted.get(key)):
            reasons.append(f"{key} was edited by hand; undo the edit, or run with migrate_force=true to overwrite it")
    if reasons:
        raise RefusedError("; ".join(reasons))


def _says(live: KubeObject, wanted: KubeObject | None) -> bool:
    """Tell whether an edited object happens to say what is wanted."""
    return wanted is not None and live.get("spec") == wanted.get("spec") and live.get("data") == wanted.get("data")


def _apply_in_order(
    api: Api, wanted: dict[ObjectKey, KubeObject], present: dict[ObjectKey, KubeObject], plan: str, dry_run: bool
) -> list[Change]:
    def apply(obj: KubeObject) -> Change:
        live = present.get(key_of(obj))
        if live is not None and _is_current(live, obj):
            return Change(key_of(obj), "none", None, None)
        metadata = {**obj["metadata"], "labels": {**obj["metadata"]["labels"], PLAN_LABEL: plan}}
        stored = _store(api, {**obj, "metadata": metadata}, live, dry_run)
        action = "update" if live else "create"
        return Change(key_of(obj), action, _shown(live) if live else None, _shown(stored))

    ordered = in_write_order(wanted.values())
    changes: list[Change] = []
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for kind in WRITE_ORDER:
            changes += pool.map(apply, [obj for obj in ordered if obj["kind"] == kind])
    return changes


def _store(api: Api, obj: KubeObject, live: KubeObject | None, dry_run: bool) -> KubeObject:
    if live is not None and was_edited(live) and not dry_run:
        # Applying would keep what others added; replacing takes the hand edit away.
        version = live["metadata"]["resourceVersion"]
        return api.replace({**obj, "metadata": {**obj["metadata"], "resourceVersion": version}})
    try:
        return api.apply(obj, dry_run=dry_run)
    except ApiError as error:
        # Before Istio is installed the API server does not know its kinds; a dry run then cannot ask it.
        if dry_run and error.status == _NOT_FOUND:
            return obj
        raise


def _is_current(live: KubeObject, wanted: KubeObject) -> bool:
    """Tell whether a live object says what is wanted and bears its marks; which plan wrote it does not matter."""
    if was_edited(live):
        return False
    labels, annotations = labels_of(live), annotations_of(live)
    return all(labels.get(name) == value for name, value in labels_of(wanted).items()) and all(
        annotations.get(name) == value for name, value in annotations_of(wanted).items()
    )


def _shown(obj: KubeObject) -> Any:
    if obj["kind"] == "Secret":
        return {"certificate": f"sha256 {annotations_of(obj).get(DIGEST_ANNOTATION, 'unknown')}"}
    return {"spec": replaced_users(obj, hidden).get("spec")}
