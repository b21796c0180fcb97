# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller that is killed in the middle of a wave: the next one goes on where it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from harness import site
from harness.controller import Controller, Run
from harness.target import Answer, Target


@dataclass(frozen=True, slots=True)
class Interruption:
    """What a killed controller left: the state of its wave's unit, and who holds the lease."""

    state: str
    holder: str | None
    process: int


@pytest.fixture(scope="module")
def interrupted(target: Target, controller: Controller, granted: None, eventually: Callable[..., Any]) -> Interruption:
    """The application that broke is repaired, and a controller killed while it moves it."""
    target.furnish(site.application("broken"))
    with controller.running("migrate", migrate_retry=True) as running:
        eventually(lambda: target.states().get("broken") in ("applying", "applied"), seconds=120)
        running.kill()
        return Interruption(target.states()["broken"], target.lease_holder(), running.process)


@pytest.fixture(scope="module")
def resumed(interrupted: Interruption, controller: Controller) -> Run:
    """The next run, with nothing said."""
    return controller.run("migrate")


def test_the_wave_was_cut_in_the_middle(interrupted: Interruption) -> None:
    assert interrupted.state in ("applying", "applied")
    assert str(interrupted.holder).endswith(f"/{interrupted.process}"), "the dead controller holds the lease"


def test_the_next_run_ends_verified(interrupted: Interruption, resumed: Run, target: Target) -> None:
    assert set(target.states().values()) == {"verified"}
    assert target.answer("istio", "http://broken.example.test/") == Answer(200, "broken")
    assert target.lease_holder() == ""


def test_it_has_done_the_interrupted_wave_only(resumed: Run, controller: Controller, target: Target) -> None:
    results = {wave["units"][0]["name"]: wave["this_run"] for wave in controller.report(target.name)["waves"]}
    assert results["broken"] == "moved"
    assert results["shop"] == "nothing to do"


def test_it_needed_no_retry_to_be_allowed(resumed: Run, target: Target) -> None:
    states = [entry["state"] for entry in target.ledger()["broken"]["history"]]
    assert states[-1] == "applied", "it was not rolled back in between"
    assert "rolled back before" not in resumed.text
