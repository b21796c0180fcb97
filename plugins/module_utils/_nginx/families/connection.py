# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nginx speaks to the backend: protocol, TLS, balancing, hashing (semantics.md A.2). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Connection:
    """The annotations of this family on one Ingress."""


_NONE = Connection()


def read_connection(_reader: Reader) -> Connection:
    """Return what the annotations of this family say."""
    return _NONE
