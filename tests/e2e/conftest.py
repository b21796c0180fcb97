# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sandboxes for end-to-end tests: named test-..., brought up once per run, taken down at the end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox import interpreter
from sandbox.cluster import Cluster

_COMMAND_SECONDS = 180.0


def sandbox_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m sandbox ...` to its end."""
    return subprocess.run(
        interpreter.module_command("sandbox", *arguments),
        env=interpreter.environment(),
        capture_output=True,
        text=True,
        timeout=_COMMAND_SECONDS,
        check=False,
    )


@pytest.fixture(scope="session")
def start_sandbox() -> Iterator[Callable[[str], Cluster]]:
    """Starts a sandbox with ingress-nginx, by its name; at the end of the run it is removed."""
    started: list[str] = []

    def start(name: str) -> Cluster:
        started.append(name)
        done = sandbox_command("up", name, "--with-ingress-nginx")
        if done.returncode:
            pytest.fail(f"sandbox {name} did not get up:\n{done.stdout}{done.stderr}", pytrace=False)
        return Cluster(name)

    try:
        yield start
    finally:
        for name in started:
            sandbox_command("down", name)


@pytest.fixture(scope="session")
def cluster(start_sandbox: Callable[[str], Cluster]) -> Cluster:
    """A sandbox that all tests of `sandbox/` share: each keeps to namespaces of its own."""
    return start_sandbox("test-shared")


@pytest.fixture(scope="module")
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace for the tests of one file."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def run_sandbox() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `python -m sandbox ...`."""
    return sandbox_command


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Asks until something is true; fails with the last answer when it never is."""

    def ask(question: Callable[[], Any], expected: Any = True, *, seconds: float = 20.0) -> Any:
        deadline = time.monotonic() + seconds
        while (answer := question()) != expected:
            if time.monotonic() > deadline:
                pytest.fail(f"after {seconds:.0f} s it is still {answer!r}, not {expected!r}", pytrace=False)
            time.sleep(0.1)
        return answer

    return ask


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares a sandbox together when the tests are spread over several processes."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.path.parent.name))
