# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canary backends: headers, cookies, weights (semantics.md A.1 18 to 24, B.10). PRIVATE.

Source: ingress-nginx ``internal/ingress/annotations/canary`` and ``rootfs/etc/nginx/lua/balancer.lua``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader

_TOTAL = 100


@dataclass(frozen=True, slots=True)
class Canary:
    """Which requests a canary backend gets; texts are empty where nothing is asked for.

    ``header`` names a request header: one with ``value``, else one that ``pattern`` matches, else ``always`` and
    ``never`` decide. ``cookie`` names a cookie of value ``always`` or ``never``. ``weight`` of ``total`` of all others
    come to the canary.
    """

    header: str = ""
    value: str = ""
    pattern: str = ""
    cookie: str = ""
    weight: int = 0
    total: int = _TOTAL


_NONE = Canary()


def read_canary(reader: Reader) -> Canary:
    """Return what the annotations of this family say; without ``canary`` itself the others mean nothing."""
    if not reader.boolean("canary", False):
        return _NONE
    # A total that is not over the default is not used.
    total = max(reader.integer("canary-weight-total", _TOTAL), _TOTAL)
    return Canary(
        reader.text("canary-by-header", ""),
        reader.text("canary-by-header-value", ""),
        reader.text("canary-by-header-pattern", ""),
        reader.text("canary-by-cookie", ""),
        min(max(reader.integer("canary-weight", 0), 0), total),
        total,
    )
