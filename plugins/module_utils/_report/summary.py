# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary at the end of a playbook: at most 25 lines for a terminal. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .quoting import terminal_text

LINES = 25
_LISTED = 6


def summary_lines(report: Mapping[str, Any], path: str) -> list[str]:
    """Return the summary of a report that stands at ``path``; what does not fit is counted, never dropped silently."""
    counts = report["counts"]
    lines = [
        f"{report['playbook']} of {report['cluster']}: {report['outcome']} (plan {report['plan']['short_id']})",
        f"hosts: {counts['hosts']} in all, {counts['verified']} verified on the gateway, {counts['waiting']} waiting, "
        f"{counts['held_back']} held back on nginx, {counts['rolled_back']} rolled back, "
        f"{counts['unfinished']} unfinished",
        "findings: " + ", ".join(f"{count} {level}" for level, count in counts["findings"].items()),
    ]
    sections = [
        ("went wrong", [failure["reason"] for failure in report["failures"]]),
        ("waves", [f"wave {wave['number']}: {_wave(wave)}" for wave in report["waves"]]),
        ("held back", list(_held_back(report))),
        ("proofs", [_proof(proof) for proof in report["proofs"]]),
    ]
    left = LINES - len(lines) - 1
    for title, entries in sections:
        shown = entries[: min(_LISTED, max(left - 1, 0))]
        if shown:
            hidden = len(entries) - len(shown)
            lines.append(f"{title}{f' (the first {len(shown)} of {len(entries)})' if hidden else ''}:")
            lines += [f"  {terminal_text(entry)[:300]}" for entry in shown]
            left -= len(shown) + 1
    return [*lines, f"report: {path}"]


def _wave(wave: Mapping[str, Any]) -> str:
    units = ", ".join(f"{unit['name']} {unit['state']}" for unit in wave["units"][:_LISTED])
    more = f" and {len(wave['units']) - _LISTED} more" if len(wave["units"]) > _LISTED else ""
    # Why a wave failed is among what went wrong.
    why = f" ({wave['reason']})" if wave["reason"] and wave["this_run"] != "rolled back" else ""
    return f"{wave['this_run']}{why}; {units}{more}"


def _held_back(report: Mapping[str, Any]) -> Iterator[str]:
    for host in report["hosts"]:
        if host["state"] == "held_back":
            yield f"{host['host']}: {', '.join(host['held_back_by'])}"


def _proof(proof: Mapping[str, Any]) -> str:
    counts = proof["counts"]
    words = f"{counts['probes']} probes, {counts['equal']} equal, {counts['described']} described"
    return f"{proof['name']}: {words}, {counts['different']} different"
