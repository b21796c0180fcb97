# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""External authentication (semantics.md A.3 65 to 80, B.13). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class ExternalAuth:
    """The annotations of this family on one Ingress."""


_NONE = ExternalAuth()


def read_external_auth(_reader: Reader) -> ExternalAuth:
    """Return what the annotations of this family say."""
    return _NONE
