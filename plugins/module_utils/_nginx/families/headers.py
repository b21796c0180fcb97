# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers that a ConfigMap adds to responses (semantics.md A.4 111). PRIVATE.

Source: ingress-nginx ``internal/ingress/annotations/customheaders``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..reader import Reader
from ..snippets.blocks import NOTHING, Block, HeaderChange

_NAME = re.compile(r"[a-zA-Z\d_-]+", re.ASCII)
_VALUE = re.compile(r"""[a-zA-Z\d_ :;.,\\/"'?!(){}\[\]@<>=\-+*#$&`|~^%]+""", re.ASCII)


@dataclass(frozen=True, slots=True)
class ResponseHeaders:
    """``custom`` sets the headers of the ConfigMap on all answers."""

    custom: Block = NOTHING


_NONE = ResponseHeaders()


def read_headers(reader: Reader) -> ResponseHeaders:
    """Return what the annotations of this family say; a ConfigMap that cannot be used denies the locations."""
    named = reader.text("custom-headers", "")
    if not named:
        return _NONE
    namespace, __, name = named.partition("/")
    data = reader.references.configmaps.get((namespace, name))
    allowed = reader.settings.allowed_response_headers
    if data is None or not all(_is_usable(header, value, allowed) for header, value in data.items()):
        reader.deny("custom-headers")
        return _NONE
    changes = (HeaderChange("set", header.lower(), (f"={value}",)) for header, value in sorted(data.items()))
    return ResponseHeaders(Block(changes=tuple(changes)))


def _is_usable(header: str, value: str, allowed: tuple[str, ...]) -> bool:
    return _NAME.fullmatch(header) is not None and _VALUE.fullmatch(value) is not None and header in allowed
