# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords in requests (RFC 7617). PRIVATE to the collection."""

from __future__ import annotations

import base64
import binascii

_SCHEME = "basic "


def sends_password(authorization: str) -> bool:
    """Tell whether the value of an Authorization header names a user and a password, right or wrong."""
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        return False
    try:
        return b":" in base64.b64decode(authorization[len(_SCHEME) :].strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
