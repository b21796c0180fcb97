# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says of hosts and waves, given a plan and the ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.digests import sha256_hex
from ansible_collections.sealos.istio_migration.plugins.module_utils._ledger.record import Record
from ansible_collections.sealos.istio_migration.plugins.module_utils._ledger.states import State
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import StoredPlan
from ansible_collections.sealos.istio_migration.plugins.module_utils._report.content import build_report

WANTED = "digest of what the plan wants"


@dataclass(frozen=True)
class Case:
    """A unit's record (state, digest of what it was brought there with), and the word for it."""

    state: State | None
    resources: str
    word: str


CASES = (
    Case(None, "", "waiting"),
    Case(State.VERIFIED, WANTED, "verified"),
    Case(State.VERIFIED, "of an older plan", "waiting"),
    Case(State.ROLLED_BACK, WANTED, "rolled_back"),
    Case(State.ROLLED_BACK, "of an older plan", "waiting"),
    Case(State.APPLYING, "of an older plan", "unfinished"),
    Case(State.ROLLING_BACK, WANTED, "unfinished"),
)


def plan(folder: Path, *, moves: bool = True) -> StoredPlan:
    host = {"host": "a.test", "unit": "shop", "namespaces": ["shop"], "moves": moves}
    lines = {
        "hosts.jsonl": json.dumps({**host, "held_back_by": [], "described_by": []}) + "\n",
        "findings.jsonl": "",
    }
    for name, text in lines.items():
        (folder / name).write_text(text, encoding="utf-8")
    index: dict[str, Any] = {
        "cluster": "test",
        "id": "0" * 64,
        "bundle": "1" * 64,
        "waves": [{"number": 1, "units": ["shop"]}],
        "counts": {"findings": {}},
        "files": {"resources/shop.json": WANTED, **{name: sha256_hex(text.encode()) for name, text in lines.items()}},
    }
    return StoredPlan(folder, index)


def report(stored: StoredPlan, case: Case) -> dict[str, Any]:
    known = case.state and Record("shop", ("shop",), case.state, "p", case.resources, 1, "2026-01-01T00:00:00Z", "x/1")
    return build_report(stored, {"shop": known} if known else {}, (), {}, "2026-01-02T00:00:00Z")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_host_is_where_its_unit_is_with_what_this_plan_wants(tmp_path: Path, case: Case) -> None:
    found = report(plan(tmp_path), case)
    assert found["hosts"][0]["state"] == case.word
    assert found["counts"][case.word] == 1
    assert found["waves"][0]["units"] == [{"name": "shop", "state": case.word}]


def test_a_host_that_does_not_move_is_held_back_whatever_its_unit_is(tmp_path: Path) -> None:
    assert report(plan(tmp_path, moves=False), CASES[1])["hosts"][0]["state"] == "held_back"
