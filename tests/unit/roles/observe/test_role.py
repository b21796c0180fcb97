# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role as operators run it who want files, and dashboards by Grafana's API; molecule has the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from observing import grafana
from observing.role import CHECKOUT, write_files

FILES = CHECKOUT / "roles" / "observe" / "files" / "dashboards"


@pytest.mark.slow
def test_files_and_dashboards_are_brought_once(rules: Path, tmp_path: Path) -> None:
    with grafana.running() as stand_in:
        by_api = {"observe_grafana_url": stand_in.address, "observe_grafana_token": grafana.TOKEN}
        write_files(tmp_path, {"first": by_api, "again": by_api})
    names = sorted(path.stem for path in FILES.iterdir())
    assert sorted(stand_in.written) == [f"istio-migration-{name}" for name in names]
    for name in names:
        text = (FILES / f"{name}.json").read_bytes()
        assert (tmp_path / "first" / "dashboards" / f"{name}.json").read_bytes() == text
        stored = stand_in.dashboards[f"istio-migration-{name}"]
        assert stored["panels"] == json.loads(text)["panels"]
        assert len(stored["tags"]) == 2
    for path in rules.iterdir():
        assert (tmp_path / "first" / "rules" / path.name).read_text().split() == path.read_text().split()
