# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as ``report.md``. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .quoting import markdown_text as quoted


def render(report: Mapping[str, Any]) -> str:
    """Return a report as Markdown. Every value is quoted, so nothing in it becomes markup."""
    return "\n".join([*_head(report), *_waves(report), *_hosts(report), *_findings(report), *_proofs(report)]) + "\n"


def _head(report: Mapping[str, Any]) -> Iterator[str]:
    counts, plan = report["counts"], report["plan"]
    yield f"# Migration of {quoted(report['cluster'])}"
    yield ""
    yield f"{quoted(report['playbook'])} {report['outcome']} on {quoted(report['written_at'])}."
    yield f"Plan {quoted(plan['short_id'])}, made of bundle {quoted(plan['bundle'][:12])}."
    yield ""
    names = ("hosts", "verified", "waiting", "held_back", "rolled_back", "unfinished")
    yield from _table([name.replace("_", " ") for name in names], [[str(counts[name]) for name in names]])
    if report["failures"]:
        yield "## What went wrong"
        yield ""
        yield from (f"* {quoted(item['task'])}: {quoted(item['reason'])}" for item in report["failures"])
        yield ""


def _waves(report: Mapping[str, Any]) -> Iterator[str]:
    yield "## Waves"
    yield ""
    rows = [
        [
            str(wave["number"]),
            wave["this_run"],
            ", ".join(f"{unit['name']} ({unit['state']})" for unit in wave["units"]),
            wave["reason"],
        ]
        for wave in report["waves"]
    ]
    yield from _table(["wave", "this run", "units", "reason"], rows)


def _hosts(report: Mapping[str, Any]) -> Iterator[str]:
    yield "## Hosts"
    yield ""
    rows = [
        [
            host["host"],
            ", ".join(host["namespaces"]),
            host["state"].replace("_", " "),
            ", ".join(host["held_back_by"]),
            ", ".join(host["described_by"]),
        ]
        for host in report["hosts"]
    ]
    yield from _table(["host", "namespaces", "state", "held back by", "differs as described by"], rows)


def _findings(report: Mapping[str, Any]) -> Iterator[str]:
    yield "## Findings"
    yield ""
    rows = [
        [item["level"], item["code"], item["host"], _source(item["source"]), item["message"], item["remedy"]]
        for item in sorted(report["findings"], key=lambda item: _LEVELS.index(item["level"]))
    ]
    yield from _table(["level", "code", "host", "source", "what", "what to do"], rows)


_LEVELS = ("blocked", "consent", "approximate", "note")


def _source(source: Mapping[str, str]) -> str:
    place = "/".join(filter(None, (source.get("namespace", ""), source.get("name", ""))))
    return " ".join(filter(None, (source["kind"], place, source.get("annotation", ""), source.get("field", ""))))


def _proofs(report: Mapping[str, Any]) -> Iterator[str]:
    yield "## Proofs"
    yield ""
    names = ("probes", "equal", "described", "different", "noise", "model_mismatches", "certificates")
    rows = [
        [proof["name"], proof["taken_at"], *(str(proof["counts"][name]) for name in names)]
        for proof in report["proofs"]
    ]
    yield from _table(["proof", "taken at", *(name.replace("_", " ") for name in names)], rows)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    cells = [[quoted(cell) for cell in row] for row in rows]
    if not cells:
        yield "None."
        yield ""
        return
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    yield from (f"| {' | '.join(row)} |" for row in cells)
    yield ""
