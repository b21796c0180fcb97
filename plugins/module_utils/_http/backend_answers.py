# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How both witnesses say what is rewritten in the answer of a backend, which nobody knows beforehand. PRIVATE."""

from __future__ import annotations

COOKIE_DOMAIN = "set-cookie (domain)"
COOKIE_PATH = "set-cookie (path)"
REDIRECT = "location (rewritten)"


def exchange(old: str, new: str, origin: str = "") -> str:
    """Return one text for ``new`` in place of ``old``; ``origin`` comes before what then is a path."""
    return f"{old} -> {new}" + (f", a path at {origin}" if origin else "")
