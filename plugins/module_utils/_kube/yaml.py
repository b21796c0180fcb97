# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as YAML: block style, keys in order, the same bytes for the same object. PRIVATE to the collection.

The engine has no YAML library, and needs no more than to write what JSON can say. A text that could be taken for
anything else is written as a JSON string, which YAML 1.2 reads as such.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*", re.ASCII)
_BMP = 0xFFFF
# What YAML 1.1, which most tools read, takes for a boolean or for nothing.
_TAKEN = frozenset(("y", "yes", "n", "no", "true", "false", "on", "off", "null"))


def as_yaml(obj: Mapping[str, Any]) -> str:
    """Return ``obj`` as one YAML document. Raises TypeError for what JSON cannot say."""
    return "\n".join(("---", *_lines(obj, ""))) + "\n"


def _lines(value: Mapping[str, Any] | Sequence[Any], indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _entry(f"{indent}{_text(key)}:", value[key], indent)
        return
    for item in value:
        if item and isinstance(item, (Mapping, list, tuple)):
            first, *rest = _lines(item, f"{indent}  ")
            yield f"{indent}- {first[len(indent) + 2 :]}"
            yield from rest
        else:
            yield f"{indent}- {_scalar(item)}"


def _entry(start: str, value: Any, indent: str) -> Iterator[str]:
    if (value and isinstance(value, Mapping)) or (value and isinstance(value, (list, tuple))):
        yield start
        yield from _lines(value, f"{indent}  ")
    else:
        yield f"{start} {_scalar(value)}"


def _scalar(value: Any) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.lower() not in _TAKEN else _quoted(text)


def _quoted(text: str) -> str:
    """Return a JSON string, but with characters beyond the basic plane as YAML has them: one escape, not two."""
    return "".join(map(_escaped, json.dumps(text, ensure_ascii=False)))


def _escaped(character: str) -> str:
    if " " <= character <= "~":
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= _BMP else f"\\U{number:08x}"
