# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as metrics: what it counts, and what is kept of runs before."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._report.metrics import exposition


def report(playbook: str = "migrate", outcome: str = "succeeded", cluster: str = "a") -> dict[str, Any]:
    states = ("verified", "verified", "rolled_back")
    return {
        "cluster": cluster,
        "playbook": playbook,
        "outcome": outcome,
        "waves": [
            {"number": 1, "units": [{"name": str(number), "state": state} for number, state in enumerate(states)]},
            {"number": 2, "units": [{"name": "late", "state": "waiting"}]},
        ],
        "hosts": [{"state": "verified"}, {"state": "held_back"}, {"state": "held_back"}],
    }


def samples(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_units_hosts_and_the_run_are_counted() -> None:
    assert samples(exposition(report(), 1000.5, "")) == [
        'istio_migration_units{cluster="a",wave="1",state="rolled_back"} 1',
        'istio_migration_units{cluster="a",wave="1",state="verified"} 2',
        'istio_migration_units{cluster="a",wave="2",state="waiting"} 1',
        'istio_migration_hosts{cluster="a",state="held_back"} 2',
        'istio_migration_hosts{cluster="a",state="verified"} 1',
        'istio_migration_run_success{cluster="a",playbook="migrate"} 1',
        'istio_migration_last_success_timestamp_seconds{cluster="a",playbook="migrate"} 1000',
    ]


def test_a_failure_keeps_when_it_succeeded_last() -> None:
    before = exposition(report(), 1000, "")
    assert samples(exposition(report(outcome="failed"), 2000, before))[-2:] == [
        'istio_migration_run_success{cluster="a",playbook="migrate"} 0',
        'istio_migration_last_success_timestamp_seconds{cluster="a",playbook="migrate"} 1000',
    ]


def test_other_playbooks_keep_what_was_said_of_them() -> None:
    before = exposition(report("sync", "failed"), 1500, exposition(report("sync"), 1000, ""))
    found = samples(exposition(report(), 2000, before))
    assert 'istio_migration_run_success{cluster="a",playbook="sync"} 0' in found
    assert 'istio_migration_last_success_timestamp_seconds{cluster="a",playbook="sync"} 1000' in found
    assert len(found) == len(set(found)) == 9


def test_the_first_run_that_fails_never_succeeded() -> None:
    assert "last_success" not in exposition(report(outcome="failed"), 1000, "broken { line\n")


def test_prometheus_reads_it_whatever_the_cluster_is_called() -> None:
    text = exposition(report(cluster='a"b\\c\nd'), 1000, "")
    assert len(samples(text)) == 7
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not there: it comes with the Debian package prometheus")
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
