# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object of ours that somebody edited by hand is not overwritten by the way."""

from __future__ import annotations

import json

import pytest

from harness.controller import Controller
from harness.target import Target

PATCH = json.dumps({"spec": {"exportTo": ["*"]}})


@pytest.fixture(scope="module")
def edited(migrated: Target) -> str:
    """The VirtualService of the shop, with another exportTo."""
    names = [name for name in migrated.ours("shop") if name.startswith("VirtualService shop/")]
    name = names[0].rpartition("/")[2]
    migrated.cluster.kubectl("patch", "virtualservice", name, "-n", "shop", "--type=merge", f"--patch={PATCH}")
    return name


def exported(target: Target, name: str) -> list[str]:
    found = target.cluster.kubectl("get", "virtualservice", name, "-n", "shop", "--output=jsonpath={.spec.exportTo}")
    return list(json.loads(found))


def test_it_is_named_and_left_as_it_is(edited: str, controller: Controller, target: Target) -> None:
    run = controller.run("migrate", expect=2)
    assert f"VirtualService shop/{edited} was edited by hand" in run.text
    assert "migrate_force=true" in run.text
    assert exported(target, edited) == ["*"]
    assert target.states()["blog.and-1-more"] == "verified"


def test_it_is_overwritten_when_the_operator_says_so(edited: str, controller: Controller, target: Target) -> None:
    controller.run("migrate", migrate_force=True, migrate_retry=True)
    assert exported(target, edited) == ["ingress-nginx"]
    assert set(target.states().values()) == {"verified"}
