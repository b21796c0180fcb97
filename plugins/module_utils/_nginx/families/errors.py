# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error pages from another backend (semantics.md A.4 123 to 125, B.17). PRIVATE to the collection.

Source: ingress-nginx ``internal/ingress/annotations/customhttperrors``, ``defaultbackend`` and
``disableproxyintercepterrors``; ``rootfs/etc/nginx/template/nginx.tmpl``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Errors:
    """The error pages of one Ingress.

    ``codes`` are the statuses that get a page of another backend; ``own`` tells that the Ingress lists them itself,
    so that they come from ``backend``, a Service of its namespace. ``intercepts`` tells that statuses of the backend
    get such a page, too, and not only those of nginx.
    """

    codes: tuple[int, ...] = ()
    own: bool = False
    backend: str = ""
    intercepts: bool = True


_NONE = Errors()
_NAMES = frozenset(("custom-http-errors", "default-backend", "disable-proxy-intercept-errors"))


def read_errors(reader: Reader) -> Errors:
    """Return what the annotations of this family say, and what the ConfigMap says where they are silent."""
    settings = reader.settings
    if _NAMES.isdisjoint(reader.values) and not settings.error_codes:
        return _NONE
    codes = error_codes(reader.text("custom-http-errors", ""))
    return Errors(
        codes or settings.error_codes,
        bool(codes),
        reader.text("default-backend", ""),
        not reader.boolean("disable-proxy-intercept-errors", not settings.intercepts_errors),
    )


def error_codes(text: str) -> tuple[int, ...]:
    """Return the statuses of a comma-separated list, none where one is no number."""
    items = [item.strip() for item in text.split(",")]
    if not all(item.isascii() and item.isdigit() for item in items):
        return ()
    return tuple(sorted(set(map(int, items))))
