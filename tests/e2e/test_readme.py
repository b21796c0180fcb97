# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README walked through in a fresh clone: every command block, as written.

`make test` runs this test, so it is not run again here: that it is what CI calls is checked instead.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(?:console|shell|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LAST_LINE = re.compile(
    r"demo: hosts=(?P<hosts>\d+) migrated=(?P<migrated>\d+) held_back=(?P<held_back>\d+) "
    r"rolled_back=(?P<rolled_back>\d+) probes=(?P<probes>\d+) described=\d+ differences=0 failed_requests=0 "
    r"requests=(?P<requests>\d+) seconds=\d+"
)
TEST_COMMAND = "make test"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Every line of every command block."""
    return [line for block in BLOCK.findall(README) for line in block.splitlines() if line]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What somebody has who cloned the repository just now."""
    folder = tmp_path_factory.mktemp("clone") / "istio_migration"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True, timeout=60)
    return folder


def test_ci_calls_the_test_command_of_the_readme() -> None:
    assert TEST_COMMAND in commands()
    assert re.search(rf"^(exec )?{TEST_COMMAND}\b", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_readme_is_one_page() -> None:
    assert len(README.splitlines()) <= 75


@pytest.mark.parametrize("command", [line for line in commands() if line != TEST_COMMAND])
def test_the_command_runs_as_written(command: str, clone: Path) -> None:
    done = subprocess.run(
        ["bash", "-euc", command],
        cwd=clone,
        env={name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MAKE", "ANSIBLE_"))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=800,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    if "demo" in command:
        said = LAST_LINE.fullmatch(done.stdout.splitlines()[-1])
        assert said, done.stdout[-2000:]
        assert int(said["hosts"]) == sum(int(said[name]) for name in ("migrated", "held_back", "rolled_back"))
        assert int(said["probes"]) >= 300
        assert int(said["requests"]) >= 5000
        assert (clone / "migration" / "cluster-a" / "report" / "report.md").exists()
