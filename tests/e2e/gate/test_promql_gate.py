# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves are held by what a real Prometheus says: one is taken back, one is doubted, one passes.

The records are given, for the gateway of a sandbox has no clients yet: tests/unit/roles/observe shows that they say
what planes count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import identities, site
from harness.controller import Controller
from harness.target import Target
from observing import prometheus
from sandbox.cluster import Cluster

NAME = "test-gate"
ERRORS = {"shop": 0.06, "blog": 0.01}
"""Shares of errors on the gateway; nobody asks anything of the third, news."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a Prometheus is that has the records."""
    records: dict[str, float] = {}
    for name, ratio in ERRORS.items():
        for plane in ("nginx", "istio"):
            labels = f'{{plane="{plane}",namespace="{name}"}}'
            records[f"plane_namespace:requests:rate5m{labels}"] = 2.0
            records[f"plane_namespace:duration_milliseconds:p95_rate5m{labels}"] = 20.0
        records[f'plane_namespace:error_ratio:rate5m{{plane="istio",namespace="{name}"}}'] = ratio
    folder = tmp_path_factory.mktemp("prometheus")
    series = {name: (lambda seconds, value=value: value) for name, value in records.items()}
    with prometheus.running(folder, folder / "rules", series) as found:
        found.wait_for('plane_namespace:error_ratio:rate5m{namespace="blog"}')
        yield found.url


@pytest.fixture(scope="module")
def target(start_sandbox: Callable[[str], Cluster]) -> Target:
    """A cluster with three units."""
    found = Target(start_sandbox(NAME))
    for name in ("shop", "blog", "news"):
        found.furnish([site.namespace(name), *site.application(name), site.ingress(name, f"{name}.example.test")])
    return found


def test_a_breach_takes_its_wave_back_and_doubts_are_reported(target: Target, source: str, tmp_path: Path) -> None:
    settings = {"convert_waves": [["shop"], ["blog"], ["news"]], "migrate_on_failure": "continue"}
    controller = Controller(tmp_path, {NAME: {}}, settings)
    identities.make_both(target, tmp_path)
    run = controller.run("migrate", expect=2, migrate_gate_url=source)
    assert target.states() == {"shop": "rolled_back", "blog": "verified", "news": "verified"}
    assert "wave 1 does worse on the gateway than it may: shop: 6.0% of the answers are errors" in run.text
    waves = {wave["number"]: wave for wave in controller.report(NAME)["waves"]}
    assert waves[1]["this_run"] == "rolled back"
    assert "6.0% of the answers are errors, 5.0% are allowed" in waves[1]["reason"]
    assert (waves[2]["this_run"], waves[2]["reason"]) == ("moved", "")
    assert waves[3]["reason"] == (
        "Prometheus is inconclusive: news: 0 requests on the gateway in 300 seconds, 50 are needed"
    )
    assert target.answer("nginx", "http://shop.example.test/").application == "shop"
    figures = (controller.directory(NAME) / "report" / "metrics.prom").read_text(encoding="utf-8")
    assert f'istio_migration_run_success{{cluster="{NAME}",playbook="migrate"}} 0' in figures
    assert f'istio_migration_units{{cluster="{NAME}",wave="1",state="rolled_back"}} 1' in figures


def test_nothing_is_begun_without_an_answer(target: Target, tmp_path: Path) -> None:
    """A gate that cannot be asked holds the wave: it is taken back."""
    controller = Controller(tmp_path, {NAME: {}}, {"convert_waves": [["shop"], ["blog"], ["news"]]})
    controller.run("migrate", expect=2, migrate_gate_url="http://127.0.0.1:1", migrate_retry=True)
    assert target.states()["shop"] == "rolled_back"
    assert "did not answer" in controller.report(NAME)["waves"][0]["reason"]
