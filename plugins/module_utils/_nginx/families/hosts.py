# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and TLS of a whole host (semantics.md A.1 1, 8 and 9). PRIVATE to the collection.

Source: ingress-nginx ``internal/ingress/annotations/alias``, ``sslpassthrough`` and ``sslcipher``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """What an Ingress asks for its hosts: further names, sorted; their TLS passed through; a list of TLS 1.2 ciphers.

    ``passthrough`` is never set for a controller without ``--enable-ssl-passthrough``: it ignores the annotation.
    """

    aliases: tuple[str, ...] = ()
    passthrough: bool = False
    ciphers: str = ""


_NONE = HostPolicy()
_NAMES = ("server-alias", "ssl-passthrough", "ssl-ciphers")


def read_hosts(reader: Reader) -> HostPolicy:
    """Return what the annotations of this family say."""
    if not any(name in reader.values for name in _NAMES):
        return _NONE
    names = {name.strip().lower() for name in reader.text("server-alias", "").split(",")} - {""}
    passthrough = reader.settings.ssl_passthrough and reader.boolean("ssl-passthrough", False)
    return HostPolicy(tuple(sorted(names)), passthrough, reader.text("ssl-ciphers", ""))
