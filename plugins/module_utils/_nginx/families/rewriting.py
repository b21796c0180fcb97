# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of path and host on the way to the backend (semantics.md A.1 2 and 3, A.2 43, A.4 112). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Rewriting:
    """``vhost`` is the Host that the backend sees, ``prefix`` the value of X-Forwarded-Prefix; empty for none."""

    vhost: str = ""
    prefix: str = ""


_NONE = Rewriting()


def read_rewriting(reader: Reader) -> Rewriting:
    """Return what the annotations of this family say."""
    vhost, prefix = reader.text("upstream-vhost", ""), reader.text("x-forwarded-prefix", "")
    return Rewriting(vhost, prefix) if vhost or prefix else _NONE
