# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every generated page with its path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pages.annotations import annotations_page
from pages.findings import findings_page
from pages.permissions import permissions_page
from pages.roles import role_pages

ROOT = Path(__file__).resolve().parents[2]
NOTICE = (
    "<!--\nSPDX-FileCopyrightText: The sealos.istio_migration authors\nSPDX-License-Identifier: GPL-3.0-or-later\n"
    "Written by `make docs`; change the code, not this page.\n-->\n\n"
)


def pages() -> Iterator[tuple[Path, str]]:
    """Yield path and text of each page."""
    docs = ROOT / "docs"
    yield docs / "findings.md", NOTICE + findings_page()
    yield docs / "permissions.md", NOTICE + permissions_page()
    yield docs / "annotations.md", NOTICE + annotations_page()
    for path, text in role_pages(ROOT / "roles"):
        yield path, NOTICE + text
