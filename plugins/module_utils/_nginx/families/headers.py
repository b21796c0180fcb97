# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers, cookies and redirects of backends that nginx changes (semantics.md A.4 107 to 111, B.19). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class ResponseHeaders:
    """The annotations of this family on one Ingress."""


_NONE = ResponseHeaders()


def read_headers(_reader: Reader) -> ResponseHeaders:
    """Return what the annotations of this family say."""
    return _NONE
