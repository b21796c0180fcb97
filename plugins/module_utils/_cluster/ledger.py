# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger and its lease in the cluster. PRIVATE to the collection.

One ConfigMap a unit, in the gateway's namespace: states survive any controller, and many units need no large object.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from .._bundle.pruning import MANAGED_BY, OURS
from .._istio.ownership import PREFIX
from .._kube.digests import canonical_json
from .._kube.objects import KubeObject, mapping_at
from .._ledger.lease import Holder, refusal, taken
from .._ledger.record import Record, advance
from .api import Api
from .errors import ApiError, ClusterError

LEASE_NAME = "istio-migration"
_LEDGER_LABEL = f"{PREFIX}/ledger"
_NAME = "istio-migration.unit."
_CONFLICT = 409
_NOT_FOUND = 404


class LeaseHeldError(ClusterError):
    """Another controller works on the cluster; ``str()`` names it."""


class LedgerError(ClusterError):
    """An entry of the ledger cannot be read; ``str()`` names it."""


class Ledger:
    """The ledger of one cluster, in ``namespace``."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    def read(self) -> dict[str, Record]:
        """Return all records by unit. Raises LedgerError, ApiError, UnreachableError."""
        return {unit: record for unit, (record, __) in self._read().items()}

    def _read(self) -> dict[str, tuple[Record, KubeObject]]:
        labels = f"{MANAGED_BY}={OURS},{_LEDGER_LABEL}=unit"
        found = {}
        for obj in self._api.list("ConfigMap", self._namespace, labels):
            name = obj["metadata"]["name"]
            try:
                record = Record.from_dict(json.loads(mapping_at(obj, "data")["record"]))
            except (KeyError, ValueError, TypeError) as error:
                raise LedgerError(
                    f"ConfigMap {self._namespace}/{name} is no record of this ledger ({error!r}); "
                    "restore it from its history, or delete it to forget the unit"
                ) from error
            if name != f"{_NAME}{record.unit}":
                raise LedgerError(
                    f"ConfigMap {self._namespace}/{name} is the record of unit {record.unit}, under another name; "
                    "delete the copy"
                )
            found[record.unit] = (record, obj)
        return found

    def write(self, records: Iterable[Record], *, dry_run: bool) -> list[Record]:
        """Advance the ledger by ``records`` and return those that changed, with their history.

        Every transition is checked before the first is written. Raises TransitionError, LedgerError, ApiError.
        """
        current = self._read()
        steps = []
        for record in records:
            known, obj = current.get(record.unit, (None, None))
            following = advance(known, record)
            if known is None or _says_more(known, following):
                steps.append((following, obj))
        if not dry_run:
            for following, obj in steps:
                self._store(following, obj)
        return [following for following, __ in steps]

    def _store(self, record: Record, live: KubeObject | None) -> None:
        obj: KubeObject = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": f"{_NAME}{record.unit}",
                "namespace": self._namespace,
                "labels": {MANAGED_BY: OURS, _LEDGER_LABEL: "unit"},
            },
            "data": {"record": canonical_json(record.as_dict())},
        }
        if live is None:
            self._api.create(obj)
        else:
            obj["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
            self._api.replace(obj)

    def acquire(self, holder: Holder, now: datetime) -> None:
        """Take the lease, or renew it. Raises LeaseHeldError, ApiError, UnreachableError."""
        live = self._api.get("Lease", self._namespace, LEASE_NAME)
        spec = mapping_at(live, "spec") if live else {}
        reason = refusal(spec, holder, now)
        if reason:
            raise LeaseHeldError(reason)
        obj: KubeObject = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": LEASE_NAME, "namespace": self._namespace, "labels": {MANAGED_BY: OURS}},
            "spec": taken(spec, holder, now),
        }
        try:
            if live is None:
                self._api.create(obj)
            else:
                obj["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
                self._api.replace(obj)
        except ApiError as error:
            if error.status != _CONFLICT:
                raise
            raise LeaseHeldError("another controller took the lease at the same moment; run again") from error

    def release(self, holder: Holder) -> bool:
        """Give the lease up and tell whether ``holder`` had it. Raises ApiError, UnreachableError."""
        live = self._api.get("Lease", self._namespace, LEASE_NAME)
        if live is None or mapping_at(live, "spec").get("holderIdentity") != str(holder):
            return False
        live["spec"]["holderIdentity"] = ""
        try:
            self._api.replace(live)
        except ApiError as error:
            if error.status in (_CONFLICT, _NOT_FOUND):
                return False
            raise
        return True


def _says_more(known: Record, following: Record) -> bool:
    """Tell whether a record differs from what is known in more than who wrote it, and when."""
    fields = ("state", "plan", "resources", "wave", "namespaces", "reason")
    return any(getattr(known, name) != getattr(following, name) for name in fields) or dict(known.proof) != dict(
        following.proof
    )
