# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canary backends: headers, cookies, weights (semantics.md A.1 18 to 24, B.10). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Canary:
    """The annotations of this family on one Ingress."""


_NONE = Canary()


def read_canary(_reader: Reader) -> Canary:
    """Return what the annotations of this family say."""
    return _NONE
