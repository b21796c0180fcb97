# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Basic authentication (semantics.md A.3 61 to 64, B.14). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Passwords:
    """The annotations of this family on one Ingress."""


_NONE = Passwords()


def read_passwords(_reader: Reader) -> Passwords:
    """Return what the annotations of this family say."""
    return _NONE
