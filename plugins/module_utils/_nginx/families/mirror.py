# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of requests (semantics.md A.4 129 to 131, B.17). PRIVATE to the collection.

Source: ingress-nginx ``internal/ingress/annotations/mirror``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..external_auth import address_of
from ..reader import Reader


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where copies of requests go: ``target`` is a URL and may name variables, empty for nowhere.

    ``host`` is the Host of the copies; ``body`` tells whether they have the body of the request.
    """

    target: str = ""
    host: str = ""
    body: bool = True


_NONE = Mirror()


def read_mirror(reader: Reader) -> Mirror:
    """Return what the annotations of this family say."""
    target = reader.values.get("mirror-target", "")
    if not target:
        return _NONE
    # Without a Host of its own a copy names its target, read up to the first variable.
    address = address_of(target.partition("$")[0])
    host = reader.text("mirror-host", address.host if address else "")
    return Mirror(target, host, reader.text("mirror-request-body", "on") != "off")
