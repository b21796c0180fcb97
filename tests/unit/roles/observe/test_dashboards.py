# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dashboards are what the SDK draws now, and every query of them returns data from a real Prometheus."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from observing import prometheus, scenario
from observing.role import CHECKOUT

FOLDER = CHECKOUT / "roles" / "observe" / "files" / "dashboards"
NAMES = ("gateway", "migration", "service", "workload")
SECONDS = 60.0


def dashboard(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def expressions(name: str) -> dict[str, str]:
    """Each query with the title of its panel; a variable of the dashboard takes any value."""
    found = {}
    for panel in dashboard(name)["panels"]:
        for target in panel.get("targets", ()):
            text = target["expr"].replace("$__rate_interval", "1m")
            for variable in dashboard(name)["templating"]["list"]:
                text = text.replace(f"${variable['name']}", variable.get("allValue", ""))
            found[text] = panel["title"]
    return found


def grows(by: float) -> Callable[[float], float]:
    return lambda seconds: by * seconds / 60


def stays(value: float) -> Callable[[float], float]:
    return lambda seconds: value


@pytest.fixture(scope="module")
def running(rules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[prometheus.Prometheus]:
    """A Prometheus that scrapes a cluster in the middle of a migration."""
    if not prometheus.is_there():
        pytest.skip(prometheus.MISSING)
    series = {
        **scenario.requests(grows),
        **scenario.planes(grows, stays),
        **scenario.dashboards(grows, stays),
    }
    with prometheus.running(tmp_path_factory.mktemp("prometheus"), rules, series) as found:
        yield found


def test_all_of_them_are_looked_at() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_query_returns_data(name: str, running: prometheus.Prometheus) -> None:
    deadline = time.monotonic() + SECONDS
    empty = expressions(name)
    assert empty
    while empty and time.monotonic() < deadline:
        empty = {text: title for text, title in empty.items() if not running.query(text)}
        time.sleep(0.5)
    assert empty == {}
    values = [float(sample["value"][1]) for text in expressions(name) for sample in running.query(text)]
    assert not [value for value in values if not math.isfinite(value)]


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_has_values(name: str, running: prometheus.Prometheus) -> None:
    for variable in dashboard(name)["templating"]["list"]:
        if variable["type"] == "query":
            series, _, label = variable["query"].removeprefix("label_values(").removesuffix(")").rpartition(", ")
            known = running.query(f"count by ({label}) ({series.replace('$namespace', '.+')})")
            assert [sample["metric"].get(label) for sample in known] != []


def test_they_are_up_to_date() -> None:
    pytest.importorskip("grafana_foundation_sdk", reason="Grafana's SDK is in .venv only")
    from observing.dashboards.all import dashboards  # noqa: PLC0415 - not to be had in every environment

    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == dashboards(), "run: make docs"


@pytest.mark.parametrize("name", NAMES)
def test_the_sdk_reads_what_it_wrote(name: str) -> None:
    """Its reader knows the schema of every kind of panel and query; delivery by API is tested with it, too."""
    pytest.importorskip("grafana_foundation_sdk", reason="Grafana's SDK is in .venv only")
    from grafana_foundation_sdk.cog.plugins import register_default_plugins  # noqa: PLC0415
    from grafana_foundation_sdk.models.dashboard import Dashboard  # noqa: PLC0415

    register_default_plugins()
    assert Dashboard.from_json(dashboard(name)).uid == f"istio-migration-{name}"
