# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cookies that bind a client to an endpoint (semantics.md A.2 31 to 42, B.11). PRIVATE.

Source: ingress-nginx ``internal/ingress/annotations/sessionaffinity`` and ``rootfs/etc/nginx/lua/balancer/sticky.lua``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader
from ..syntax import parse_int

_COOKIE = "INGRESSCOOKIE"
_SAME_SITE = {"none": "None", "lax": "Lax", "strict": "Strict"}


@dataclass(frozen=True, slots=True)
class Affinity:
    """The cookie of one Ingress; ``cookie`` is its name, empty for none.

    ``path`` is empty for that of the location; ``max_age`` and ``expires`` are seconds, None where not set; without
    ``secure`` the cookie is so on https alone. ``follows_canary`` tells whether the cookie decides about a canary, too.
    """

    cookie: str = ""
    mode: str = ""
    follows_canary: bool = True
    path: str = ""
    domain: str = ""
    max_age: int | None = None
    expires: int | None = None
    secure: bool = False
    same_site: str = ""
    conditional: bool = False
    moves_on_failure: bool = False


_NONE = Affinity()


def read_affinity(reader: Reader) -> Affinity:
    """Return what the annotations of this family say."""
    mode, behaviour = reader.text("affinity-mode", ""), reader.text("affinity-canary-behavior", "")
    if reader.text("affinity", "") != "cookie":
        return Affinity(mode=mode, follows_canary=behaviour != "legacy") if mode or behaviour else _NONE
    return Affinity(
        cookie=reader.text("session-cookie-name", _COOKIE),
        mode=mode,
        follows_canary=behaviour != "legacy",
        path=reader.text("session-cookie-path", ""),
        domain=reader.text("session-cookie-domain", ""),
        max_age=_seconds(reader, "session-cookie-max-age"),
        expires=_seconds(reader, "session-cookie-expires"),
        secure=reader.boolean("session-cookie-secure", False),
        same_site=_SAME_SITE.get(reader.text("session-cookie-samesite", "").lower(), ""),
        conditional=reader.boolean("session-cookie-conditional-samesite-none", False),
        moves_on_failure=reader.boolean("session-cookie-change-on-failure", False),
    )


def _seconds(reader: Reader, name: str) -> int | None:
    # The check of nginx lets more pass than its Lua code can read as a number.
    return parse_int(reader.text(name, ""))
