# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cross-origin answers (semantics.md A.4 116 to 122, B.9). PRIVATE to the collection."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..reader import Reader

_CORS_METHODS = "GET, PUT, POST, DELETE, PATCH, OPTIONS"
_CORS_HEADERS = (
    "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization"
)
_CORS_MAX_AGE = 1728000
_CORS_ORIGIN = re.compile(r"(?:[a-z]+://(?:\*\.)?[A-Za-z0-9\-.]*(?::\d+)?|null)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cors:
    """Cross-origin answers (semantics.md B.9). ``origins`` is ("*",) for any origin; empty is inert."""

    origins: tuple[str, ...]
    methods: str
    headers: str
    credentials: bool
    expose_headers: str
    max_age: int


def read_cors(reader: Reader) -> Cors | None:
    """Return the cross-origin answers of an Ingress, None where it asks for none."""
    if not reader.boolean("enable-cors", False):
        return None
    return Cors(
        origins=_origins(reader.text("cors-allow-origin", "*")),
        methods=reader.text("cors-allow-methods", _CORS_METHODS),
        headers=reader.text("cors-allow-headers", _CORS_HEADERS),
        credentials=reader.boolean("cors-allow-credentials", True),
        expose_headers=reader.text("cors-expose-headers", ""),
        max_age=reader.integer("cors-max-age", _CORS_MAX_AGE),
    )


def _origins(text: str) -> tuple[str, ...]:
    entries = [entry.strip() for entry in text.split(",")]
    if "*" in entries:
        return ("*",)
    return tuple(entry for entry in entries if _CORS_ORIGIN.fullmatch(entry))
