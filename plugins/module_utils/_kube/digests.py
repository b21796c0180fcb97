# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canonical JSON and digests. PRIVATE to the collection.

Everything the collection writes or compares is hashed over one canonical form, so that equal content has equal
bytes on every machine and with every Python (design.md, rule 5).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_json(value: Any) -> str:
    """Return the canonical JSON of ``value``: sorted keys, no white space, non-ASCII characters as they are."""
    return _ENCODER.encode(value)


def canonical_mapping(parts: Mapping[str, str]) -> str:
    """Return the canonical JSON of a mapping whose values are canonical JSON already."""
    return "{" + ",".join(f"{canonical_json(name)}:{parts[name]}" for name in sorted(parts)) + "}"


def canonical_list(parts: Iterable[str]) -> str:
    """Return the canonical JSON of a list whose entries are canonical JSON already."""
    return f"[{','.join(parts)}]"


def readable_json(value: Any) -> str:
    """Return JSON for files that people open: sorted keys, two spaces, newline at the end."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def sha256_hex(data: str | bytes) -> str:
    """Return the SHA-256 of ``data`` (text is hashed as UTF-8; lone surrogates keep their bytes) as hex digits."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return hashlib.sha256(raw).hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of ``value`` as hex digits."""
    return sha256_hex(canonical_json(value))


def short_hash(*identity: str) -> str:
    """Return eight hex digits that name ``identity``; the parts are kept apart, so ("a", "bc") != ("ab", "c")."""
    return sha256_hex("\x00".join(identity))[:8]
