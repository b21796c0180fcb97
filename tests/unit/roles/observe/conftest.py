# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as the role writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from observing import promtool
from observing.role import write_files


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the role writes: with its defaults, and for a gateway without Istio's statistics filter."""
    folder = tmp_path_factory.mktemp("observe")
    write_files(folder, {"istio": {}, "envoy": {"observe_gateway_series": "envoy"}})
    return folder


@pytest.fixture(scope="session")
def rules(written: Path) -> Path:
    """The rules with their defaults."""
    return written / "istio" / "rules"


@pytest.fixture
def ask(rules: Path, tmp_path: Path) -> Callable[..., None]:
    """Asks questions, which have names, of the rules."""
    if not promtool.is_there():
        pytest.skip(promtool.MISSING)
    return lambda **questions: promtool.ask(questions, rules, tmp_path)


@pytest.fixture
def ask_for_envoy(written: Path, tmp_path: Path) -> Callable[..., None]:
    """The same of the rules for a gateway without Istio's statistics filter."""
    if not promtool.is_there():
        pytest.skip(promtool.MISSING)
    return lambda **questions: promtool.ask(questions, written / "envoy" / "rules", tmp_path)
