# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which copies of a request are sent (semantics.md B.17). PRIVATE to the collection."""

from __future__ import annotations

from ..._http.exchange import Request
from ..._http.services import shared_name
from ..external_auth import address_of
from ..families.mirror import Mirror
from ..variables import expanded, unknown_variables


def mirrors_of(mirror: Mirror, request: Request) -> tuple[str, ...]:
    """Return the copies of ``request``: scheme, name and port of the target, request target, Host."""
    if not mirror.target or unknown_variables(mirror.target) or unknown_variables(mirror.host):
        return ()
    address = address_of(mirror.target)
    # Without a path the request is copied to a name that ingress-nginx makes of the Ingress.
    if address is None or not address.path:
        return ()
    target = f"{address.scheme}://{shared_name(address.host)}:{address.port}"
    return (f"{target} {expanded(address.path, request)} host={expanded(mirror.host, request)}",)
