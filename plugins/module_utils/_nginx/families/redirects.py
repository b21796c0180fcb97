# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redirects that annotations ask for (semantics.md A.1, 11 to 17, B.6). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Redirects:
    """The annotations of this family on one Ingress."""


_NONE = Redirects()


def read_redirects(_reader: Reader) -> Redirects:
    """Return what the annotations of this family say."""
    return _NONE
