# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two clusters in one run: when one fails, the other is neither rolled back nor begun after it (style.md 4.3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import identities, site
from harness.controller import Controller, Run
from harness.target import Answer, Target
from sandbox.cluster import Cluster

NAMES = ("test-fleet-a", "test-fleet-b")


@pytest.fixture(scope="module")
def targets(start_sandbox: Callable[[str], Cluster], tmp_path_factory: pytest.TempPathFactory) -> list[Target]:
    """Two clusters, each with one application and the two identities."""
    found = [Target(start_sandbox(name)) for name in NAMES]
    for target in found:
        objects = [site.namespace("shop"), *site.application("shop"), site.ingress("shop", "shop.example.test")]
        target.furnish(objects)
        identities.make_both(target, tmp_path_factory.mktemp("identities"))
    return found


@pytest.fixture(scope="module")
def controller(targets: list[Target], tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """A machine that knows both."""
    hosts = {target.name: {} for target in targets}
    return Controller(tmp_path_factory.mktemp("fleet"), hosts, {"verify_timeout": 5})


@pytest.fixture(scope="module")
def failed(targets: list[Target], controller: Controller) -> Run:
    """A run in which the application of the first cluster breaks on Istio."""
    targets[0].furnish(site.application("shop", site.REFUSES_THE_GATEWAY))
    return controller.run("migrate", expect=2)


def test_the_cluster_that_fails_is_rolled_back(failed: Run, targets: list[Target]) -> None:
    assert targets[0].states() == {"shop": "rolled_back"}
    assert targets[0].answer("nginx", "http://shop.example.test/") == Answer(200, "shop")


def test_the_other_is_not_begun_after_it(failed: Run, targets: list[Target]) -> None:
    assert targets[1].states() == {}
    assert failed.count(targets[1].name, "ok") == 0


def test_a_limit_leads_to_one_cluster_only(failed: Run, controller: Controller, targets: list[Target]) -> None:
    controller.run("migrate", "--limit", targets[1].name)
    assert targets[1].states() == {"shop": "verified"}
    assert targets[0].states() == {"shop": "rolled_back"}


def test_both_end_migrated_and_a_failure_leaves_the_other_alone(
    failed: Run, controller: Controller, targets: list[Target]
) -> None:
    controller.run("migrate", expect=2, migrate_retry=True)
    assert targets[1].states() == {"shop": "verified"}, "it had moved before and stays so"
    targets[0].furnish(site.application("shop"))
    controller.run("migrate", migrate_retry=True)
    assert [target.states() for target in targets] == [{"shop": "verified"}] * 2
