# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS versions and ciphers, by keys of the controller's ConfigMap (semantics.md B.20, C.11). PRIVATE."""

from __future__ import annotations

import re
from dataclasses import dataclass

VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_GONE = frozenset(("SSLv2", "SSLv3"))
"""Versions that nginx's OpenSSL does not have; it passes over them."""

ENVOY_CIPHERS = frozenset(
    """
    ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384
    ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305 ECDHE-ECDSA-AES128-SHA
    ECDHE-RSA-AES128-SHA ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES256-SHA AES128-GCM-SHA256 AES256-GCM-SHA384 AES128-SHA
    AES256-SHA DES-CBC3-SHA
    """.split()  # noqa: SIM905 - a list of fifteen quoted strings reads worse
)
"""The ciphers of TLS 1.2 and before that a Gateway may name (istio.io/istio ``pkg/config/security``)."""

_DEFAULT = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384"
)
_NAME = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)+", re.ASCII)
_EXCLUDED_ANYWAY = frozenset(
    ["aNULL", "eNULL", "NULL", "EXP", "EXPORT", "LOW", "DES", "MD5", "PSK", "RC4", "SRP", "DSS", "aDSS"]
)
"""Groups to which no cipher that Envoy has belongs: to exclude them changes nothing."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What TLS is offered: ``oldest`` and ``newest`` of :data:`VERSIONS`, and ``ciphers`` of TLS 1.2 and before.

    No ciphers are the plane's own choice. ``missing`` are those that nginx offers and Envoy does not have.
    ``unreadable`` is a list of ciphers that is not made of names, as it is written. With ``rejects_strangers`` no
    handshake for a name that no host has comes about.
    """

    oldest: str = "TLSv1.2"
    newest: str = "TLSv1.3"
    ciphers: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unreadable: str = ""
    rejects_strangers: bool = False


def read_versions(text: str) -> tuple[str, str] | None:
    """Return the oldest and the newest version of a list, None for one with gaps or without any version."""
    named = {word for word in text.split() if word not in _GONE}
    places = sorted(VERSIONS.index(word) for word in named & set(VERSIONS))
    whole = bool(places) and named <= set(VERSIONS) and len(places) == places[-1] - places[0] + 1
    return (VERSIONS[places[0]], VERSIONS[places[-1]]) if whole else None


def read_ciphers(text: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the ciphers of an OpenSSL list that Envoy has, and those that it does not have.

    Both are empty for nginx's own list. None for a list that is not made of names, or of which Envoy has nothing.
    """
    if text.strip() in ("", _DEFAULT):
        return (), ()
    found: list[str] = []
    missing: list[str] = []
    for word in re.split(r"[:, ]+", text.strip()):
        if not word or word.startswith("TLS_") or (word[0] == "!" and word[1:] in _EXCLUDED_ANYWAY):
            continue  # the suites of TLS 1.3 are not chosen by this list
        if not _NAME.fullmatch(word):
            return None
        (found if word in ENVOY_CIPHERS else missing).append(word)
    return (tuple(dict.fromkeys(found)), tuple(dict.fromkeys(missing))) if found else None
