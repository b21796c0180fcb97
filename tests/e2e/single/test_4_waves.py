# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""migrate.yml with an application in its middle wave that breaks on Istio, run after run until nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.controller import Controller, Run
from harness.target import Answer, Target

MAGAZINE = "blog.and-1-more"
GATEWAYS_OWN_404 = Answer(404, "")


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two controllers at one cluster: the process of the first, how it went on, and what the second was told."""

    first_process: int
    first: Run
    second: Run
    second_was_alone: bool


@pytest.fixture(scope="module")
def meeting(
    target: Target,
    controller: Controller,
    granted: None,
    tmp_path_factory: pytest.TempPathFactory,
    eventually: Callable[..., Any],
) -> Meeting:
    """The first migration of the cluster, and a second controller while it runs."""
    other = controller.with_hosts(controller.hosts, tmp_path_factory.mktemp("second-controller"))
    with controller.running("migrate", "--diff", "-vvv") as running:
        eventually(target.lease_holder, f"{node_name()}/{running.process}", seconds=60)
        second = other.run("migrate", expect=2)
        alone = running.has_ended
        return Meeting(running.process, running.wait(expect=2), second, alone)


def node_name() -> str:
    return Path("/proc/sys/kernel/hostname").read_text(encoding="ascii").strip()


@pytest.fixture(scope="module")
def first(meeting: Meeting) -> Run:
    """The first migration."""
    return meeting.first


class TestSecondController:
    """While one controller works on a cluster, another one keeps away from it."""

    def test_it_is_told_who_works_there(self, meeting: Meeting) -> None:
        assert not meeting.second_was_alone
        said = meeting.second.failure("test-single") or meeting.second.text
        holder = f"another controller, {node_name()}/{meeting.first_process}, works on this cluster"
        assert holder in said
        assert "Wait for it, or end it and run again" in said

    def test_it_has_done_nothing(self, meeting: Meeting, target: Target) -> None:
        assert meeting.second.changed(target.name) == []

    def test_the_first_goes_on_undisturbed(self, meeting: Meeting, target: Target) -> None:
        assert target.states()["shop"] == "verified"
        assert target.lease_holder() == "", "the lease is given back at the end"


class TestBrokenWave:
    """A wave that fails is taken back as a whole; those before stay, those after are not begun."""

    def test_the_run_fails_and_says_why(self, first: Run, target: Target) -> None:
        assert "broken.example.test" in first.text
        assert "the planes differ for broken.example.test" in first.text
        assert first.count(target.name, "failed") == 1
        assert first.count(target.name, "rescued") == 1

    def test_the_ledger_says_what_became_of_each_unit(self, first: Run, target: Target) -> None:
        assert target.states() == {"shop": "verified", "broken": "rolled_back"}
        record = target.ledger()["broken"]
        assert "the planes differ for broken.example.test" in record["reason"]
        assert [entry["state"] for entry in record["history"]] == ["applying", "applied", "rolling_back"]

    def test_nothing_of_the_broken_or_a_later_wave_is_there(self, first: Run, target: Target) -> None:
        assert target.ours("broken") == set()
        assert target.ours(MAGAZINE) == set()
        assert any("VirtualService shop/" in name for name in target.ours("shop"))

    def test_each_host_is_served_where_it_belongs(self, first: Run, target: Target) -> None:
        assert target.answer("istio", "https://shop.example.test/api/x") == Answer(200, "shop")
        assert target.answer("istio", "http://broken.example.test/") == GATEWAYS_OWN_404
        assert target.answer("istio", "http://magazine.example.test/") == GATEWAYS_OWN_404
        for url, application in (
            ("https://shop.example.test/api/x", "shop"),
            ("http://broken.example.test/", "broken"),
            ("http://magazine.example.test/news/1", "news"),
            ("http://wallet.example.test/", "shop"),
        ):
            assert target.answer("nginx", url) == Answer(200, application)

    def test_the_report_hides_nothing(self, first: Run, controller: Controller, target: Target) -> None:
        report = controller.report(target.name)
        assert report["outcome"] == "failed"
        assert [wave["this_run"] for wave in report["waves"]] == ["moved", "rolled back", "not worked on"]
        assert {host["host"]: host["state"] for host in report["hosts"]} == {
            "shop.example.test": "verified",
            "broken.example.test": "rolled_back",
            "magazine.example.test": "waiting",
            "wallet.example.test": "held_back",
        }

    def test_no_gateway_refused_anything(self, first: Run, target: Target) -> None:
        assert set(target.rejected_updates().values()) == {0}


@pytest.fixture(scope="module")
def second(first: Run, controller: Controller) -> Run:
    """The same once more, but with the later waves."""
    return controller.run("migrate", expect=2, migrate_retry=True, migrate_on_failure="continue")


class TestContinue:
    """The operator may have the waves after a broken one moved, but never gets a zero for it."""

    def test_the_broken_wave_was_tried_again(self, second: Run, target: Target) -> None:
        record = target.ledger()["broken"]
        assert record["state"] == "rolled_back"
        assert [entry["state"] for entry in record["history"]].count("applying") == 2

    def test_the_later_wave_has_moved(self, second: Run, target: Target) -> None:
        assert target.states()[MAGAZINE] == "verified"
        assert target.answer("istio", "http://magazine.example.test/news/1") == Answer(200, "news")
        assert target.answer("istio", "http://magazine.example.test/other") == Answer(200, "blog")

    def test_the_wave_that_was_done_was_left_alone(self, second: Run, controller: Controller, target: Target) -> None:
        results = [wave["this_run"] for wave in controller.report(target.name)["waves"]]
        assert results == ["nothing to do", "rolled back", "moved"]


@pytest.fixture(scope="module")
def third(second: Run, controller: Controller) -> Run:
    """Once more without anything said."""
    return controller.run("migrate")


class TestNothingLeft:
    """What was rolled back is not tried again by itself."""

    def test_nothing_is_changed(self, third: Run, target: Target) -> None:
        assert third.changed(target.name) == []
        assert third.count(target.name, "changed") == 0

    def test_what_is_left_out_is_listed(self, third: Run, target: Target) -> None:
        assert "rolled back before, and so skipped until migrate_retry=true: broken" in third.text
        assert target.states()["broken"] == "rolled_back"
