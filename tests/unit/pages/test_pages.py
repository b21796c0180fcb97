# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated pages say what the code says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.all import ROOT, pages

PAGES = dict(pages())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_page_is_up_to_date(path: Path) -> None:
    assert path.exists(), "run: make docs"
    assert path.read_text(encoding="utf-8") == PAGES[path], "run: make docs"


def test_every_role_has_a_page() -> None:
    roles = {path.name for path in (ROOT / "roles").iterdir()}
    assert {path.parent.name for path in PAGES if path.name == "README.md"} == roles
