# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compression of responses, by keys of the controller's ConfigMap (semantics.md B.20). PRIVATE to the collection.

Source: ingress-nginx ``internal/ingress/controller/config/config.go`` and ``nginx.tmpl``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_TYPES = """
    application/atom+xml application/javascript application/x-javascript application/json application/rss+xml
    application/vnd.ms-fontobject application/x-font-ttf application/x-web-app-manifest+json application/xhtml+xml
    application/xml font/opentype image/svg+xml image/x-icon text/css text/javascript text/plain text/x-component
"""
GZIP, BROTLI = "gzip", "brotli"
_HTML = "text/html"
ANY_TYPE = "*"


@dataclass(frozen=True, slots=True)
class Compression:
    """One way to compress: ``method`` is ``gzip`` or ``brotli``, ``shortest`` the least Content-Length in bytes.

    ``types`` are media types, sorted, ``*`` for all; nginx always adds ``text/html``.
    """

    method: str
    types: tuple[str, ...]
    shortest: int


def read_compressions(
    text: Callable[[str, str], str], boolean: Callable[[str, bool], bool], integer: Callable[[str, int], int]
) -> tuple[Compression, ...]:
    """Return the ways to compress that are switched on, the preferred one first; arguments read one key each."""
    # The module of brotli runs before that of gzip, which leaves alone what is compressed.
    brotli = Compression(
        BROTLI, _types(text("brotli-types", f"application/xml+rss {_TYPES}")), integer("brotli-min-length", 20)
    )
    gzip = Compression(GZIP, _types(text("gzip-types", _TYPES)), integer("gzip-min-length", 256))
    switched = ((boolean("enable-brotli", False), brotli), (boolean("use-gzip", False), gzip))
    return tuple(way for on, way in switched if on)


def _types(text: str) -> tuple[str, ...]:
    found = {item.lower() for item in text.split()}
    return (ANY_TYPE,) if ANY_TYPE in found else tuple(sorted(found | {_HTML}))
