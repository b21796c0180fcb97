# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address lists, and how they combine with other checks (semantics.md A.3 59, 60, 87, B.14). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Access:
    """The annotations of this family on one Ingress."""


_NONE = Access()


def read_access(_reader: Reader) -> Access:
    """Return what the annotations of this family say."""
    return _NONE
