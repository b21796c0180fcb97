# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says, as data: ``report.json``. PRIVATE to the collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._ledger.record import Record
from .._ledger.states import State
from .._plan.files import StoredPlan

FORMAT = 1
_WORDS = {
    State.VERIFIED: "verified",
    State.APPLYING: "unfinished",
    State.APPLIED: "unfinished",
    State.ROLLING_BACK: "unfinished",
    State.ROLLED_BACK: "rolled_back",
}


def build_report(
    plan: StoredPlan,
    records: Mapping[str, Record],
    proofs: Iterable[Mapping[str, Any]],
    run: Mapping[str, Any],
    written_at: str,
) -> dict[str, Any]:
    """Return the content of a report.

    ``records`` is the ledger; ``proofs`` are the summaries of proofs; ``run`` says which playbook ran, with ``waves``
    (what became of each wave that was worked on) and ``failures`` (what went wrong, where); nothing is left out.
    """
    states = {unit: _state(record, plan.digest_of(unit)) for unit, record in records.items()}
    hosts = [_host(line, states) for line in plan.hosts()]
    findings = list(plan.findings())
    return {
        "format": FORMAT,
        "cluster": plan.index["cluster"],
        "plan": {"id": plan.id, "short_id": plan.short_id, "bundle": plan.index["bundle"]},
        "written_at": written_at,
        "playbook": run.get("playbook", ""),
        "outcome": "failed" if run.get("failures") else "succeeded",
        "failures": list(run.get("failures") or ()),
        "counts": {
            "hosts": len(hosts),
            **_counted(host["state"] for host in hosts),
            "findings": plan.index["counts"]["findings"],
        },
        "waves": _waves(plan.index["waves"], states, run.get("waves") or ()),
        "hosts": hosts,
        "findings": findings,
        "units": [records[unit].as_dict() for unit in sorted(records)],
        "proofs": [_proof(summary) for summary in proofs],
    }


def _state(record: Record, wanted: str) -> str:
    """Return the word for a unit; one that was verified or rolled back with something else than ``wanted`` waits."""
    settled = record.state in (State.VERIFIED, State.ROLLED_BACK)
    return "waiting" if settled and record.resources != wanted else _WORDS[record.state]


def _host(line: Mapping[str, Any], states: Mapping[str, str]) -> dict[str, Any]:
    return {
        "host": line["host"],
        "namespaces": line["namespaces"],
        "unit": line["unit"],
        "state": states.get(line["unit"], "waiting") if line["moves"] else "held_back",
        "held_back_by": line["held_back_by"],
        "described_by": line["described_by"],
    }


def _counted(states: Iterable[str]) -> dict[str, int]:
    counts = Counter(states)
    return {state: counts[state] for state in ("verified", "waiting", "held_back", "rolled_back", "unfinished")}


def _waves(
    planned: Sequence[Mapping[str, Any]], states: Mapping[str, str], worked: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    results = {wave["number"]: wave for wave in worked}
    return [
        {
            "number": wave["number"],
            "units": [{"name": unit, "state": states.get(unit, "waiting")} for unit in wave["units"]],
            "this_run": results.get(wave["number"], {}).get("result", "not worked on"),
            "reason": results.get(wave["number"], {}).get("reason", ""),
        }
        for wave in planned
    ]


def _proof(summary: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("name", "taken_at", "agrees", "counts", "seconds")
    return {name: summary[name] for name in kept}
