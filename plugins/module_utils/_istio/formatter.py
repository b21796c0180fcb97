# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envoy's format strings, which header values of routes are (semantics.md 0.4, C.13). PRIVATE to the collection."""

from __future__ import annotations

CLIENT_ADDRESS = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
PEER_SUBJECT = "%DOWNSTREAM_PEER_SUBJECT%"
PEER_ISSUER = "%DOWNSTREAM_PEER_ISSUER%"
PEER_CERTIFICATE = "%DOWNSTREAM_PEER_CERT%"
PEER_VERIFIED = "%CEL(connection.mtls ? 'SUCCESS' : request.scheme == 'https' ? 'NONE' : '')%"
"""What nginx's ``$ssl_client_verify`` says; a handshake with a certificate that is not valid has failed before."""


def plain(text: str) -> str:
    """Return a format string that stands for exactly ``text``."""
    return text.replace("%", "%%")


def request_header(name: str) -> str:
    """Return a format string for the value of a request header; an absent one makes the text empty or ``-``."""
    return f"%REQ({name.upper()})%"
