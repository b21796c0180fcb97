# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the cache from growing for ever: builds of pins that no checkout has used for a month go."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from sandbox.toolchain.layout import Cache
from sandbox.toolchain.store import remove

KEPT_SECONDS = 30 * 24 * 3600


def mark_in_use(paths: Iterable[Path]) -> None:
    """Note that a set-up has chosen these entries of the cache just now."""
    for path in paths:
        os.utime(path)


def remove_superseded(cache: Cache, now: float | None = None) -> list[Path]:
    """Remove what no set-up has marked for 30 days and return it; the caller holds the lock."""
    moment = time.time() if now is None else now
    removed: list[Path] = []
    for folder in (cache.binaries, cache.assets, cache.commands):
        for path in folder.iterdir() if folder.is_dir() else ():
            if moment - path.stat().st_mtime > KEPT_SECONDS:
                remove(path)
                removed.append(path)
    return removed
