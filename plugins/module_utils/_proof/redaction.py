# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an answer may be kept and shown: backends' cookies and tokens are not (design.md, rule 11). PRIVATE.

Everything else is shown as a digest, so that equal values are still seen to be equal.
"""

from __future__ import annotations

import re

from .._kube.digests import sha256_hex
from .probes import OWN_QUERY

_PLAIN = frozenset(
    """
    accept-ranges access-control-allow-credentials access-control-allow-headers access-control-allow-methods
    access-control-allow-origin access-control-expose-headers access-control-max-age allow cache-control
    content-encoding content-language content-length content-type retry-after server strict-transport-security vary
    x-content-type-options x-frame-options
    """.split()  # noqa: SIM905 - a list of quoted strings reads worse
)
_LONGEST = 200
_USER_INFO = re.compile(r"(?<=://)[^/?#@]*(?=@)")
_QUERY = re.compile(r"(?<=\?).+|(?<=#).+", re.DOTALL)


def shown_header(name: str, value: str) -> str:
    """Return the value of header ``name`` (lower case) as it may be kept."""
    return value if name in _PLAIN and len(value) <= _LONGEST else _digest(value)


def shown_location(value: str) -> str:
    """Return a ``Location`` with user, query and fragment as digests; the query of our own probes is kept."""
    if len(value) > _LONGEST:
        return _digest(value)
    without_user = _USER_INFO.sub(lambda match: _digest(match[0]), value, count=1)
    return _QUERY.sub(lambda match: match[0] if match[0] == OWN_QUERY else _digest(match[0]), without_user, count=1)


def shown_body(body_sha256: str, length: int) -> str:
    """Return a body as digest and length."""
    return f"sha256:{body_sha256} ({length} bytes)"


def _digest(value: str) -> str:
    return f"sha256:{sha256_hex(value)}"
