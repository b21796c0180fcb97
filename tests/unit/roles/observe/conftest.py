# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as the role writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from observing import promtool
from observing.rendering import render


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the rules with their defaults."""
    folder = tmp_path_factory.mktemp("rules") / "istio"
    render(folder, {})
    return folder


@pytest.fixture(scope="session")
def rules_for_envoy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the rules for a gateway without Istio's statistics filter."""
    folder = tmp_path_factory.mktemp("rules") / "envoy"
    render(folder, {"observe_gateway_series": "envoy"})
    return folder


@pytest.fixture
def ask(rules: Path, tmp_path: Path) -> Callable[..., None]:
    """Asks questions, which have names, of the rules."""
    if not promtool.is_there():
        pytest.skip(promtool.MISSING)
    return lambda **questions: promtool.ask(questions, rules, tmp_path)


@pytest.fixture
def ask_for_envoy(rules_for_envoy: Path, tmp_path: Path) -> Callable[..., None]:
    """The same of the rules for a gateway without Istio's statistics filter."""
    if not promtool.is_there():
        pytest.skip(promtool.MISSING)
    return lambda **questions: promtool.ask(questions, rules_for_envoy, tmp_path)
