# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates, connections and body sizes (semantics.md A.3 88 to 94, A.4 99 to 106, B.15, B.16). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Limits:
    """The annotations of this family on one Ingress."""


_NONE = Limits()


def read_limits(_reader: Reader) -> Limits:
    """Return what the annotations of this family say."""
    return _NONE
