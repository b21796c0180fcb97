# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""plan.yml: says what would be done, stops where it cannot look or may not go on, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.controller import Controller, Run
from harness.target import Target

CLOSED = {"http": "127.0.0.1:1", "https": "127.0.0.1:1"}


def hosts(target: Target, folder: Path) -> dict[str, dict[str, Any]]:
    """The cluster under several names: as it should be, and in ways in which it cannot be planned."""
    away = folder / "away.kubeconfig"
    kubeconfig = json.loads((target.cluster.layout.root / "migrate.kubeconfig").read_text(encoding="utf-8"))
    kubeconfig["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    away.write_text(json.dumps(kubeconfig), encoding="utf-8")
    run = {"sandbox_run": str(target.cluster.layout.root)}
    return {
        "well": run,
        "strict": {**run, "plan_fail_on": ["blocked"]},
        "lenient": {**run, "plan_fail_on": ["consent"]},
        "no-file": {**run, "migration_kubeconfig": str(folder / "none.kubeconfig")},
        "no-context": {**run, "migration_context": "elsewhere"},
        "no-server": {**run, "migration_kubeconfig": str(away)},
        "no-nginx": {**run, "migration_nginx_address": CLOSED},
    }


@pytest.fixture(scope="module")
def versions(target: Target, granted: None) -> Mapping[str, str]:
    """The version of everything before."""
    return target.versions()


@pytest.fixture(scope="module")
def planner(target: Target, controller: Controller, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    folder = tmp_path_factory.mktemp("planner")
    return controller.with_hosts(hosts(target, folder), folder)


@pytest.fixture(scope="module")
def planned(planner: Controller, versions: Mapping[str, str]) -> Run:
    return planner.run("plan", f"--forks={len(planner.hosts)}", expect=2)


def test_nothing_is_changed(target: Target, planned: Run, versions: Mapping[str, str]) -> None:
    assert target.versions() == versions
    assert target.lease_holder() is None


def test_the_plan_says_what_moves_with_what_and_what_does_not(planner: Controller, planned: Run) -> None:
    assert planned.count("well", "failed") == 0
    report = planner.report("well")
    waves = [[unit["name"] for unit in wave["units"]] for wave in report["waves"]]
    assert waves == [["shop"], ["broken"], ["blog.and-1-more"]]
    states = {host["host"]: host["state"] for host in report["hosts"]}
    assert states == {
        "shop.example.test": "waiting",
        "broken.example.test": "waiting",
        "magazine.example.test": "waiting",
        "wallet.example.test": "held_back",
    }
    assert "wallet.example.test: REWRITE-NOT-CONVERTED" in planned.text


def test_the_objects_do_not_depend_on_what_the_operator_calls_the_cluster(planner: Controller, planned: Run) -> None:
    def resources(host: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in planner.directory(host).glob("plans/*/resources/*.json")}

    assert len(resources("well")) == 4
    assert resources("well") == resources("lenient")


def test_findings_of_a_level_stop_the_plan_only_where_the_operator_wants_that(
    planner: Controller, planned: Run
) -> None:
    assert "strict: the plan has findings of level blocked, which plan_fail_on does not allow" in planned.text
    assert planner.report("strict")["counts"]["held_back"] == 1
    assert planned.count("strict", "failed") == 1
    assert planned.count("lenient", "failed") == 0


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("no-file", ("none.kubeconfig cannot be used", "check migration_kubeconfig and migration_context")),
        ("no-context", ("with context 'elsewhere'", "check migration_kubeconfig and migration_context")),
        ("no-server", ("https://127.0.0.1:1 did not answer", "within 15 s", "check that the cluster is reachable")),
        ("no-nginx", ("ingress-nginx is not reached at 127.0.0.1:1 (http)", "set migration_nginx_address to where")),
    ],
)
def test_a_cluster_that_cannot_be_looked_at_is_named_with_the_remedy(
    planner: Controller, planned: Run, host: str, words: tuple[str, ...]
) -> None:
    said = planned.failure(host)
    assert [word for word in words if word not in said] == []
    assert planned.count(host, "failed") == 1
    assert not (planner.directory(host) / "bundles").exists()


def test_that_is_said_soon(planned: Run) -> None:
    assert planned.seconds < 60
