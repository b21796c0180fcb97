# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger and its lease in the cluster: one controller at a time, nothing is lost (design.md, rules 7 and 8)."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.errors import ApiError
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.ledger import (
    LEASE_NAME,
    LeaseHeldError,
    Ledger,
    LedgerError,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.objects import ObjectKey
from ansible_collections.sealos.istio_migration.plugins.module_utils._ledger.lease import Holder
from ansible_collections.sealos.istio_migration.plugins.module_utils._ledger.record import Record
from ansible_collections.sealos.istio_migration.plugins.module_utils._ledger.states import State, TransitionError

from .conftest import MemoryApi

NOW = datetime(2024, 1, 1, tzinfo=UTC)
MINE, THEIRS = Holder("one.example.test", 41), Holder("two.example.test", 42)


def record(state: State = State.APPLYING, unit: str = "shop", **fields: Any) -> Record:
    values = {"namespaces": (unit,), "plan": "0123456789ab", "resources": "d", "wave": 1, "at": "t1", "by": "a/1"}
    return Record(unit, state=state, **{**values, **fields})


def entry(api: MemoryApi, unit: str = "shop") -> dict[str, Any]:
    return api.objects[ObjectKey("ConfigMap", "edge", f"istio-migration.unit.{unit}")]


def test_a_record_is_written_and_read_back() -> None:
    api = MemoryApi()
    ledger = Ledger(api, "edge")
    assert ledger.read() == {}
    assert ledger.write([record()], dry_run=False) == [record()]
    assert ledger.read() == {"shop": record()}
    assert entry(api)["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "sealos-istio-migration"


def test_former_states_are_kept() -> None:
    ledger = Ledger(MemoryApi(), "edge")
    for state, at in (
        (State.APPLYING, "t1"),
        (State.APPLIED, "t2"),
        (State.ROLLING_BACK, "t3"),
        (State.ROLLED_BACK, "t4"),
    ):
        ledger.write([record(state, at=at)], dry_run=False)
    assert [(past["state"], past["at"]) for past in ledger.read()["shop"].history] == [
        ("applying", "t1"),
        ("applied", "t2"),
        ("rolling_back", "t3"),
    ]


def test_who_and_when_alone_is_no_news() -> None:
    api = MemoryApi()
    ledger = Ledger(api, "edge")
    ledger.write([record()], dry_run=False)
    before = copy.deepcopy(api.objects)
    assert ledger.write([record(at="t2", by="b/2")], dry_run=False) == []
    assert api.objects == before


@pytest.mark.parametrize(
    "change",
    [{"plan": "x"}, {"resources": "x"}, {"wave": 2}, {"namespaces": ("x",)}, {"reason": "x"}, {"proof": {"a": 1}}],
)
def test_everything_else_is(change: dict[str, Any]) -> None:
    ledger = Ledger(MemoryApi(), "edge")
    ledger.write([record()], dry_run=False)
    assert ledger.write([record(**change)], dry_run=False) == [record(**change)]


def test_a_transition_that_is_not_allowed_stops_all_of_them() -> None:
    api = MemoryApi()
    with pytest.raises(TransitionError, match="unit bank is not recorded and cannot become verified"):
        Ledger(api, "edge").write([record(), record(State.VERIFIED, "bank")], dry_run=False)
    assert api.objects == {}


def test_a_dry_run_checks_and_writes_nothing() -> None:
    api = MemoryApi()
    ledger = Ledger(api, "edge")
    assert ledger.write([record()], dry_run=True) == [record()]
    with pytest.raises(TransitionError):
        ledger.write([record(State.VERIFIED)], dry_run=True)
    assert api.objects == {}


def test_what_another_controller_wrote_meanwhile_is_not_overwritten() -> None:
    api = MemoryApi()
    ledger = Ledger(api, "edge")
    ledger.write([record()], dry_run=False)

    def change(verb: str, key: ObjectKey) -> None:
        api.before = None
        api.put(entry(api))

    api.before = change
    with pytest.raises(ApiError, match="409"):
        ledger.write([record(State.APPLIED)], dry_run=False)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"record": ""},
        {"record": "{"},
        {"record": "[]"},
        {"record": "{}"},
        {"record": "5"},
        {"record": json.dumps({**record().as_dict(), "state": "done"})},
        {"record": json.dumps({**record().as_dict(), "namespaces": None})},
        {"record": json.dumps({**record().as_dict(), "proof": 5})},
        "text",
    ],
)
def test_an_entry_that_cannot_be_read_is_named_with_what_to_do(data: Any) -> None:
    api = MemoryApi()
    Ledger(api, "edge").write([record()], dry_run=False)
    api.put({**entry(api), "data": data})
    with pytest.raises(
        LedgerError, match=r"ConfigMap edge/istio-migration\.unit\.shop is no record .* delete it to forget"
    ):
        Ledger(api, "edge").read()


def test_a_copy_under_another_name_is_not_taken_for_a_record() -> None:
    api = MemoryApi()
    Ledger(api, "edge").write([record()], dry_run=False)
    copied = copy.deepcopy(entry(api))
    copied["metadata"]["name"] = "istio-migration.unit.bank"
    api.put(copied)
    with pytest.raises(
        LedgerError, match=r"istio-migration\.unit\.bank is the record of unit shop, under another name"
    ):
        Ledger(api, "edge").read()


def test_other_config_maps_are_no_records() -> None:
    api = MemoryApi({"kind": "ConfigMap", "metadata": {"name": "istio-migration.unit.x", "namespace": "edge"}})
    assert Ledger(api, "edge").read() == {}


def lease(api: MemoryApi) -> dict[str, Any]:
    spec: dict[str, Any] = api.objects[ObjectKey("Lease", "edge", LEASE_NAME)]["spec"]
    return spec


def test_a_lease_is_taken_renewed_released_and_taken_by_another() -> None:
    api = MemoryApi()
    ledger = Ledger(api, "edge")
    ledger.acquire(MINE, NOW)
    taken_at = lease(api)["acquireTime"]
    ledger.acquire(MINE, NOW + timedelta(minutes=1))
    assert (lease(api)["holderIdentity"], lease(api)["leaseTransitions"]) == ("one.example.test/41", 1)
    assert lease(api)["acquireTime"] == taken_at != lease(api)["renewTime"]
    assert ledger.release(MINE)
    ledger.acquire(THEIRS, NOW + timedelta(minutes=2))
    assert (lease(api)["holderIdentity"], lease(api)["leaseTransitions"]) == ("two.example.test/42", 2)


def test_a_lease_that_somebody_holds_names_them() -> None:
    ledger = Ledger(MemoryApi(), "edge")
    ledger.acquire(THEIRS, NOW)
    with pytest.raises(
        LeaseHeldError, match=r"another controller, two\.example\.test/42, .* until 2024-01-01T00:10:00Z"
    ):
        ledger.acquire(MINE, NOW + timedelta(minutes=9))
    ledger.acquire(MINE, NOW + timedelta(minutes=10))


def test_only_the_holder_releases() -> None:
    api = MemoryApi()
    ledger = Ledger(api, "edge")
    assert ledger.release(MINE) is False
    ledger.acquire(THEIRS, NOW)
    assert ledger.release(MINE) is False
    assert lease(api)["holderIdentity"] == "two.example.test/42"


@pytest.mark.parametrize("there", [False, True], ids=["created", "replaced"])
def test_of_two_that_take_a_lease_at_one_moment_one_gets_it(there: bool) -> None:
    api = MemoryApi()
    ledger = Ledger(api, "edge")
    if there:
        ledger.acquire(THEIRS, NOW - timedelta(hours=1))

    def be_faster(verb: str, key: ObjectKey) -> None:
        api.before = None
        Ledger(api, "edge").acquire(replace(THEIRS, process=7), NOW)

    api.before = be_faster
    with pytest.raises(LeaseHeldError, match="took the lease at the same moment; run again"):
        ledger.acquire(MINE, NOW)
    assert lease(api)["holderIdentity"] == "two.example.test/7"


def test_a_release_that_comes_too_late_changes_nothing() -> None:
    api = MemoryApi()
    ledger = Ledger(api, "edge")
    ledger.acquire(MINE, NOW)

    def take(verb: str, key: ObjectKey) -> None:
        api.before = None
        Ledger(api, "edge").acquire(THEIRS, NOW + timedelta(hours=1))

    api.before = take
    assert ledger.release(MINE) is False
    assert lease(api)["holderIdentity"] == "two.example.test/42"
