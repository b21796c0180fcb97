# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan taken to its end without a cluster: files, probes, curl's configuration, reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import StoredPlan, write_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.curl_config import Timeouts, configuration
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.planes import Plane
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.probes import Probe, write_probes
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.synthesis import synthesise
from ansible_collections.sealos.istio_migration.plugins.module_utils._report.content import build_report
from ansible_collections.sealos.istio_migration.plugins.module_utils._report.markdown import render
from ansible_collections.sealos.istio_migration.plugins.module_utils._report.summary import summary_lines

NOBODY = Plane("nginx", {"http": "127.0.0.1:1", "https": "127.0.0.1:1"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is written of a plan: on disk, for curl, and for people."""

    stored: StoredPlan
    probes: list[Probe]
    curl: str
    markdown: str
    terminal: list[str]


def taken_to_its_end(plan: Plan, folder: Path) -> Outcome:
    """Write everything that is written of ``plan`` before a cluster is asked, below ``folder``."""
    stored, __ = write_plan(plan, folder)
    probes = [
        probe
        for host, verdict in plan.conversion.verdicts.items()
        if verdict.moves
        for probe in synthesise(plan.site.servers[host], plan.site, [item.code for item in verdict.findings])
    ]
    write_probes(probes, folder / "probes.jsonl")
    curl = configuration(probes, NOBODY, folder, Timeouts()).decode() if probes else ""
    run = {"playbook": "plan", "failures": [{"task": "x", "reason": item.message} for item in plan.conversion.findings]}
    report = build_report(stored, {}, [], run, "2026-01-01T00:00:00Z")
    return Outcome(stored, probes, curl, render(report), summary_lines(report, "report.md"))
