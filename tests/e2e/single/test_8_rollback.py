# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking namespaces back, and moving them once more, from an installed collection on the newest ansible-core."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.controller import CHECKOUT, Controller, Run
from harness.target import Answer, Target


def test_nothing_is_taken_back_by_accident(migrated: Target, controller: Controller) -> None:
    run = controller.run("rollback", expect=2)
    assert "Nothing was done: name what to take back" in run.text
    assert migrated.states()["shop"] == "verified"


@pytest.fixture(scope="module")
def one_back(migrated: Target, controller: Controller) -> Run:
    """One namespace taken back."""
    return controller.run("rollback", rollback_namespaces=["shop"])


def test_its_objects_are_gone_and_nginx_answers(one_back: Run, target: Target) -> None:
    assert target.ours("shop") == set()
    assert target.states()["shop"] == "rolled_back"
    assert target.states()["blog.and-1-more"] == "verified"
    assert target.answer("nginx", "https://shop.example.test/api/x") == Answer(200, "shop")
    assert target.answer("istio", "http://shop.example.test/").status == 404
    assert target.answer("istio", "http://magazine.example.test/news/1") == Answer(200, "news")


def test_what_is_not_on_the_gateway_cannot_be_taken_back(one_back: Run, controller: Controller) -> None:
    run = controller.run("rollback", expect=2, rollback_namespaces=["shop"])
    assert "Nothing was done: the ledger has nothing of ['shop'] on the gateway" in run.text


@pytest.fixture(scope="module")
def all_back(one_back: Run, controller: Controller) -> Run:
    """Everything taken back."""
    return controller.run("rollback", rollback_all=True)


def test_nothing_of_ours_is_left(all_back: Run, target: Target) -> None:
    assert target.ours() == set()
    assert set(target.states().values()) == {"rolled_back"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the collection as users install it."""
    folder = tmp_path_factory.mktemp("installed")
    galaxy = str(CHECKOUT / ".venv" / "bin" / "ansible-galaxy")
    build = [galaxy, "collection", "build", str(CHECKOUT), "--output-path", str(folder)]
    subprocess.run(build, check=True, capture_output=True, timeout=60)
    archive = next(folder.glob("*.tar.gz"))
    install = [galaxy, "collection", "install", str(archive), "--no-deps", "--force", "--collections-path", str(folder)]
    subprocess.run(install, check=True, capture_output=True, timeout=60)
    (folder / "ansible_collections" / "kubernetes").symlink_to(
        (CHECKOUT / ".collections" / "ansible_collections" / "kubernetes").resolve()
    )
    return folder


@pytest.fixture(scope="module")
def newest(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """A machine with the newest supported ansible-core."""
    settings = {"convert_waves": [["shop"], ["broken"], ["blog"]], "verify_timeout": 5}
    environment = CHECKOUT / ".venv-2.21"
    return Controller(tmp_path_factory.mktemp("newest"), {target.name: {}}, settings, environment)


def run_installed(controller: Controller, installed: Path, playbook: str, **variables: object) -> Run:
    """Run a playbook of the installed collection by its full name, from another folder."""
    command = controller.program("ansible-playbook", f"sealos.istio_migration.{playbook}")
    with controller.process(playbook, command, controller.folder, installed, **variables) as running:
        return running.wait()


@pytest.fixture(scope="module")
def anew(all_back: Run, newest: Controller, installed: Path, target: Target) -> Run:
    """Everything moved once more."""
    return run_installed(newest, installed, "migrate", migrate_retry=True)


def test_an_installed_collection_migrates_on_the_newest_ansible_core(anew: Run, target: Target) -> None:
    assert set(target.states().values()) == {"verified"}
    assert target.answer("istio", "https://shop.example.test/api/x") == Answer(200, "shop")


def test_its_second_run_changes_nothing(anew: Run, newest: Controller, installed: Path, target: Target) -> None:
    run = run_installed(newest, installed, "migrate")
    assert run.changed(target.name) == []
    assert run.count(target.name, "changed") == 0
