# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the role observe on this machine, as an operator does who only wants files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
_SECONDS = 600


def write_files(folder: Path, variants: Mapping[str, Mapping[str, Any]]) -> None:
    """Let the role write into a subfolder of ``folder`` for each of ``variants``, by name, with its variables.

    Raises:
        AssertionError: the role failed; the message is what it said.
    """
    tasks = [
        {
            "name": f"Observe {name}",
            "ansible.builtin.include_role": {"name": "sealos.istio_migration.observe"},
            "vars": {"observe_directory": str(folder / name), "observe_cluster": False, **variables},
        }
        for name, variables in variants.items()
    ]
    play = folder / "play.yml"
    plays = [{"name": "Write files", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    play.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    program = Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [str(program), "--inventory=localhost,", "--connection=local", str(play)],
        cwd=CHECKOUT,
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def groups_of(path: Path) -> list[Mapping[str, Any]]:
    """Return the groups of a rule file."""
    groups: list[Mapping[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return groups


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return kept | {"ANSIBLE_HOME": str(folder / "home"), "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections")}
