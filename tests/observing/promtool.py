# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks promtool what rules make of series."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from observing.role import groups_of

FILES = ("requests", "planes", "alerts")
MISSING = "promtool is not there: it comes with the Debian package prometheus"
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires: its labels but for the name, and what it says."""

    labels: Mapping[str, str]
    summary: str
    description: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the rules once ``series`` (name and labels to values, one a minute) have come in.

    ``alerts`` has what fires of an alert, by its name and a time such as 30m. ``samples`` has the answer to an
    expression at ``at``: labels to value; it is compared to three decimals.
    """

    series: Mapping[str, str]
    at: str = "15m"
    alerts: Mapping[tuple[str, str], Sequence[Firing]] = field(default_factory=dict)
    samples: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def is_there() -> bool:
    """Return whether promtool is installed."""
    return shutil.which("promtool") is not None


def ask(
    questions: Mapping[str, Question], rules: Path, folder: Path, groups: Collection[str] = (), every: str = "1m"
) -> None:
    """Ask questions of rules; raises AssertionError with what promtool says when an answer is another one.

    Questions have names; each is asked on its own. ``rules`` is the folder of rule files, ``folder`` a place for
    promtool's own files. Of the rules only the groups that are named are evaluated, or all, as often as ``every`` says.
    """
    wanted = [
        group for name in FILES for group in groups_of(rules / f"{name}.yml") if not groups or group["name"] in groups
    ]
    (folder / "rules.yml").write_text(json.dumps({"groups": wanted}), encoding="utf-8")
    document = {
        "rule_files": [str(folder / "rules.yml")],
        "evaluation_interval": every,
        # Without an order promtool takes the groups as they come; what is computed from other records comes later.
        "group_eval_order": [group["name"] for group in wanted],
        "tests": [{"name": name, **_test(question)} for name, question in questions.items()],
    }
    path = folder / "questions.yml"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)


def _test(question: Question) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in question.series.items()],
        "alert_rule_test": [
            {
                "eval_time": at,
                "alertname": name,
                "exp_alerts": [
                    {
                        "exp_labels": dict(alert.labels),
                        "exp_annotations": {"summary": alert.summary, "description": alert.description},
                    }
                    for alert in firing
                ],
            }
            for (name, at), firing in question.alerts.items()
        ],
        "promql_expr_test": [
            {
                "expr": f"round({expression}, 0.001)",
                "eval_time": question.at,
                "exp_samples": [{"labels": labels, "value": value} for labels, value in expected.items()],
            }
            for expression, expected in question.samples.items()
        ],
    }
