# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of which everything has moved that can: looking at it changes nothing, and nothing secret was left."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from harness.controller import Controller, Run
from harness.target import Target


@pytest.fixture(scope="module")
def again(migrated: Target, controller: Controller) -> Run:
    """One more migration, as talkative as it can be."""
    return controller.run("migrate", "--diff", "-vvv")


def test_a_further_run_changes_nothing(again: Run, target: Target) -> None:
    assert again.changed(target.name) == []
    assert again.count(target.name, "changed") == 0


@pytest.fixture(scope="module")
def verified(again: Run, controller: Controller) -> Run:
    """verify.yml."""
    return controller.run("verify")


def test_verify_asks_both_planes_again(verified: Run, controller: Controller, target: Target) -> None:
    assert verified.count(target.name, "changed") == 0
    report = controller.report(target.name)
    assert report["playbook"] == "verify"
    proof = next(proof for proof in report["proofs"] if not proof["name"].startswith("wave-"))
    assert proof["counts"]["probes"] > 20
    assert proof["counts"]["different"] == 0


def test_verify_fails_where_the_planes_differ(migrated: Target, controller: Controller) -> None:
    broken = controller.run(
        "verify", expect=2, migration_gateway_address={"http": "127.0.0.1:9", "https": "127.0.0.1:9"}
    )
    assert "127.0.0.1:9" in broken.text


def test_status_says_what_is_where(again: Run, controller: Controller, target: Target) -> None:
    run = controller.run("status")
    assert run.count(target.name, "changed") == 0
    assert "3 verified on the gateway" in run.text
    assert "wallet.example.test: REWRITE-NOT-CONVERTED" in run.text


def test_istio_has_nothing_to_object_to(again: Run, target: Target) -> None:
    assert [line for line in target.complaints() if not line.startswith("Info ")] == []
    assert set(target.rejected_updates().values()) == {0}


def test_no_key_is_in_any_file_or_log(verified: Run, controller: Controller, target: Target) -> None:
    secrets = json.loads(target.cluster.kubectl("get", "secrets", "-A", "--output=json"))["items"]
    keys = [item["data"]["tls.key"] for item in secrets if "tls.key" in item.get("data", {})]
    assert keys
    traces = {line for key in keys for line in (key[100:160], *_middle_lines(base64.b64decode(key).decode()))}
    for path in _files(controller.folder):
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not [trace for trace in traces if trace in text], path


def _middle_lines(pem: str) -> list[str]:
    return pem.splitlines()[2:-2]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "kubeconfig" not in path.name]
