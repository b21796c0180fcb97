# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives of nginx that somebody wrote by hand (semantics.md A.4 113 to 115, B.18). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Snippets:
    """The annotations of this family on one Ingress."""


_NONE = Snippets()


def read_snippets(_reader: Reader) -> Snippets:
    """Return what the annotations of this family say."""
    return _NONE
