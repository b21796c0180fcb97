# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m observing.dashboards`: write the dashboards into the role (`make docs`)."""

from __future__ import annotations

import sys

from observing.dashboards.all import FOLDER, dashboards


def main() -> None:
    """Write what has changed, and say so."""
    for name, text in dashboards().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path.relative_to(FOLDER.parents[2])}\n")


if __name__ == "__main__":
    main()
