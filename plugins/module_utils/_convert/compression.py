# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compression of responses by the gateway (semantics.md B.20). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._istio.resources import always_on_filter_patch
from .._nginx.compression import ANY_TYPE, BROTLI, GZIP, Compression

_EXTENSIONS = "type.googleapis.com/envoy.extensions"
_LIBRARIES = {
    BROTLI: f"{_EXTENSIONS}.compression.brotli.compressor.v3.Brotli",
    GZIP: f"{_EXTENSIONS}.compression.gzip.compressor.v3.Gzip",
}
_STATUSES = (200, 403, 404)
_OTHER_STATUSES = [status for status in range(201, 600) if status not in _STATUSES]
"""What nginx does not compress; without them Envoy sends ``Vary`` with redirects of its own."""

_LEAST = 30
"""Envoy takes no smaller length."""


def compressor_patches(compressions: Iterable[Compression]) -> Iterator[dict[str, Any]]:
    """Yield a filter for each way to compress, the preferred one first.

    They come before all other filters, and so see answers last: whatever replaces a body has done so before.
    """
    for way in compressions:
        settings = {
            "@type": f"{_EXTENSIONS}.filters.http.compressor.v3.Compressor",
            "compressor_library": {"name": way.method, "typed_config": {"@type": _LIBRARIES[way.method]}},
            "response_direction_config": {
                "common_config": _common(way),
                "uncompressible_response_codes": _OTHER_STATUSES,
            },
            "choose_first": way.method == BROTLI,
        }
        yield always_on_filter_patch(f"i2i.{way.method}", settings)


def _common(way: Compression) -> dict[str, Any]:
    common: dict[str, Any] = {"min_content_length": max(way.shortest, _LEAST)}
    if ANY_TYPE not in way.types:
        common["content_type"] = list(way.types)
    return common
