# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cookies that bind a client to an endpoint (semantics.md A.2 31 to 42, B.11). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Affinity:
    """The annotations of this family on one Ingress."""


_NONE = Affinity()


def read_affinity(_reader: Reader) -> Affinity:
    """Return what the annotations of this family say."""
    return _NONE
