# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""migrate.yml --check --diff on a cluster that nobody has touched: shows the whole change and makes none of it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from harness.controller import Controller, Run
from harness.target import Target


@pytest.fixture(scope="module")
def versions(target: Target, granted: None) -> Mapping[str, str]:
    """The version of everything before."""
    return target.versions()


@pytest.fixture(scope="module")
def checked(controller: Controller, versions: Mapping[str, str]) -> Run:
    return controller.run("migrate", "--check", "--diff", "-vvv")


def planned_objects(controller: Controller, host: str) -> list[tuple[str, str]]:
    """Each object of the plan as the diff calls it, with something that it says."""
    found = []
    for path in controller.directory(host).glob("plans/*/resources/*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        for obj in content["objects"]:
            place = obj["metadata"]
            found.append((f"{obj['kind']} {place['namespace']}/{place['name']}", next(iter(obj["spec"]))))
        found += [(f"Secret ingress-nginx/{item['name']}", "sha256") for item in content["credentials"]]
    return found


def test_nothing_is_changed(target: Target, checked: Run, versions: Mapping[str, str]) -> None:
    assert target.versions() == versions
    assert target.lease_holder() is None


def test_every_object_is_shown_with_what_it_will_say(controller: Controller, target: Target, checked: Run) -> None:
    objects = planned_objects(controller, target.name)
    assert len({name.split()[0] for name, _ in objects}) > 3
    missing = []
    for name, word in objects:
        _, found, shown = checked.output.partition(f"+++ after: {name} after")
        if not found or word not in shown.partition("\n---")[0]:
            missing.append(name)
    assert missing == []


def test_the_steps_that_would_change_something_say_so(target: Target, checked: Run) -> None:
    changed = checked.changed(target.name)
    wanted = ["Install the custom resource definitions", "Install istiod", "Install the gateway", "being applied"]
    assert [word for word in wanted if not any(word in task for task in changed)] == []
    assert sum("Write the objects of the units" in task for task in changed) == 3


def test_nothing_is_proven_and_nothing_is_taken_back(checked: Run) -> None:
    assert "Ask both planes" not in [task.rpartition(": ")[2] for task in checked.output.splitlines()]
    assert "rolled back" not in checked.text.partition("PLAY RECAP")[0].replace("0 rolled back", "")
