# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redirects that annotations ask for (semantics.md A.1 2, 11 to 17, B.6). PRIVATE.

Source: ingress-nginx ``internal/ingress/annotations/redirect`` and ``rewrite``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..reader import Reader

_NAMES = frozenset(
    (
        "app-root",
        "from-to-www-redirect",
        "permanent-redirect",
        "temporal-redirect",
        "relative-redirects",
        "use-port-in-redirects",
    )
)
_HTTP_URL = re.compile(r"http[A-Za-z0-9+.-]*:", re.ASCII)
_PERMANENT_CODES = range(300, 309)
_TEMPORAL_CODES = range(300, 308)


@dataclass(frozen=True, slots=True)
class Redirects:
    """Redirects of one Ingress.

    ``url`` is where all of its locations lead, with status ``code``; empty for none. ``app_root`` is the path to which
    the root of the host leads; ``www`` asks for a server of the other name, with or without ``www.``.
    """

    url: str = ""
    code: int = 0
    app_root: str = ""
    www: bool = False
    relative: bool = False
    with_port: bool = False


def read_redirects(reader: Reader) -> Redirects:
    """Return what the annotations of this family say."""
    defaults = reader.settings
    if _NAMES.isdisjoint(reader.values):
        return _DEFAULTS[(defaults.relative_redirects, defaults.port_in_redirects)]
    url, code = _target(reader)
    usable = url is not None
    return Redirects(
        url=url or "",
        code=code,
        app_root=_app_root(reader.text("app-root", "")),
        # A bad URL makes nginx ignore the whole group.
        www=usable and reader.boolean("from-to-www-redirect", False),
        relative=(usable and reader.boolean("relative-redirects", False)) or defaults.relative_redirects,
        with_port=reader.boolean("use-port-in-redirects", defaults.port_in_redirects),
    )


_DEFAULTS = {
    (relative, port): Redirects(relative=relative, with_port=port)
    for relative in (False, True)
    for port in (False, True)
}


def _target(reader: Reader) -> tuple[str | None, int]:
    """Return URL and status; the URL is None where it cannot be used, empty where there is none."""
    temporal = reader.text("temporal-redirect", "")
    if temporal:
        code = reader.integer("temporal-redirect-code", 302)
        usable = _HTTP_URL.match(temporal) is not None
        return (temporal if usable else None), code if code in _TEMPORAL_CODES else 302
    code = reader.integer("permanent-redirect-code", 301)
    return reader.text("permanent-redirect", ""), code if code in _PERMANENT_CODES else 301


def _app_root(text: str) -> str:
    return text if text.startswith("/") else ""
