# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One kind of finding. PRIVATE to the collection."""

from __future__ import annotations

from dataclasses import dataclass

from .finding import Level


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding; ``message`` and ``remedy`` are format strings over the values of one occurrence."""

    name: str
    level: Level
    meaning: str
    message: str
    remedy: str
