# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that the checks of this package look at."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Text:
    """A text file of the repository; `path` is relative to the checkout, with forward slashes."""

    path: str
    content: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def repository_texts(checkout: Path = CHECKOUT) -> list[Text]:
    """Return all text files that are, or could be, committed: what .gitignore names is left out.

    Raises:
        subprocess.CalledProcessError: this is no git checkout.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=checkout,
        capture_output=True,
        check=True,
        timeout=60,
    )
    texts: list[Text] = []
    for name in sorted(set(filter(None, listed.stdout.decode().split("\0")))):
        path = checkout / name
        if not path.is_file() or path.is_symlink():
            continue
        try:
            texts.append(Text(name, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue  # a picture or the like
    return texts
