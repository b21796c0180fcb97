# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error pages from another backend (semantics.md A.4 123 to 125, B.17). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Errors:
    """The annotations of this family on one Ingress."""


_NONE = Errors()


def read_errors(_reader: Reader) -> Errors:
    """Return what the annotations of this family say."""
    return _NONE
