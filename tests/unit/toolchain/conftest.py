# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache and binaries of its own for each test: nothing is built, nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.toolchain import go_modules
from sandbox.toolchain.go_modules import Go
from sandbox.toolchain.layout import CACHE_VARIABLE, Cache


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """An empty cache that the code under test uses."""
    root = tmp_path.with_name(f"{tmp_path.name}-cache")
    root.mkdir()
    monkeypatch.setenv(CACHE_VARIABLE, str(root))
    monkeypatch.delenv("SANDBOX_BIN_DIR", raising=False)
    return Cache(root)


@pytest.fixture(autouse=True)
def _some_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys do not depend on the Go of this machine."""
    monkeypatch.setattr(go_modules, "go", lambda: Go(Path("/nowhere/go"), "go1.26.8", "linux/amd64"))


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """Make a program that answers any question with a fixed text."""

    def make(folder: str, name: str, answer: str) -> Path:
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\ncat <<'END'\n{answer}\nEND\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return make
