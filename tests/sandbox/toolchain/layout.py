# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are: the checkout and the user's cache.

The cache is shared by all checkouts of a user, since its entries are named by what they were made from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
TESTS = CHECKOUT / "tests"
TOOLS = TESTS / "sandbox" / "tools"

CACHE_VARIABLE = "ISTIO_MIGRATION_CACHE"
CACHE_NAME = "sealos-istio-migration"


@dataclass(frozen=True, slots=True)
class Cache:
    """The folders of the user's cache."""

    root: Path

    @property
    def binaries(self) -> Path:
        return self.root / "bin"

    @property
    def assets(self) -> Path:
        return self.root / "assets"

    @property
    def commands(self) -> Path:
        """Folders to put on PATH: links to chosen binaries by their plain names."""
        return self.root / "commands"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def lock(self) -> Path:
        return self.root / "toolchain.lock"

    @property
    def answers(self) -> Path:
        """What found binaries said about their version."""
        return self.root / "versions.json"


def cache(environment: Mapping[str, str] = os.environ) -> Cache:
    """Return the user's cache: $ISTIO_MIGRATION_CACHE, else below $XDG_CACHE_HOME, else below ~/.cache."""
    explicit = environment.get(CACHE_VARIABLE)
    if explicit:
        return Cache(Path(explicit).expanduser().absolute())
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Cache(Path(base).expanduser().absolute() / CACHE_NAME)
