# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of requests (semantics.md A.4 129 to 131, B.17). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Mirror:
    """The annotations of this family on one Ingress."""


_NONE = Mirror()


def read_mirror(_reader: Reader) -> Mirror:
    """Return what the annotations of this family say."""
    return _NONE
