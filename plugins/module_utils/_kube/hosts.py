# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS names in Ingress rules and certificates. PRIVATE to the collection."""

from __future__ import annotations

import re

_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_HOST_LIMIT = 253


def is_host(name: str) -> bool:
    """Tell whether ``name`` is a lower-case DNS name, or a wildcard whose first label is ``*`` (RFC 1123)."""
    return len(name) <= _HOST_LIMIT and _HOST.fullmatch(name) is not None


def is_wildcard(name: str) -> bool:
    """Tell whether ``name`` starts with ``*.``."""
    return name.startswith("*.")


def parent_wildcard(name: str) -> str | None:
    """Return ``*.`` plus everything after the first label, or None for a name of one label."""
    rest = name.partition(".")[2]
    return f"*.{rest}" if rest else None


def certificate_covers(certificate_name: str, host: str) -> bool:
    """Tell whether a certificate name is valid for ``host``: equal, or a wildcard for exactly one label.

    Comparison ignores ASCII case (RFC 6125 6.4). A wildcard certificate name covers the equal wildcard host.
    """
    pattern, name = certificate_name.lower().rstrip("."), host.lower().rstrip(".")
    return pattern == name or (is_wildcard(pattern) and pattern == parent_wildcard(name))
