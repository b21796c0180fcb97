# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is let through (semantics.md 0.5, phases 7 and 8). PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from ..._http.exchange import Answer, Guard
from ..._http.passwords import sends_password
from ..client import client_address
from ..families.access import Access
from ..site import Location, Site
from ..visit import Visit


def access_phase(visit: Visit) -> Answer | None:
    """Return the answer for those who are not let through, None for the others.

    Addresses are checked before passwords, as the modules of nginx are ordered.
    """
    visit.limits += counted(visit.location)
    access = visit.location.policy.access
    if access.any_suffices and access.restricts and asks_password(visit.site, visit.location):
        return _any_of_both(visit, access)
    return _by_address(visit, access) or _by_password(visit)


def counted(location: Location) -> list[str]:
    """Return the rates at which requests for a location are let through, for each client."""
    ingress, limits = location.ingress, location.policy.limits
    if ingress is None or not limits.counts:
        return []
    place = f"{ingress.key.namespace}/{ingress.key.name}"
    rates = ((limits.per_second, 1), (limits.per_minute, 60))
    exempt = f" except {','.join(limits.exempt)}" if limits.exempt else ""
    return [f"{place} {count} in {seconds}s burst {count * limits.burst}{exempt}" for count, seconds in rates if count]


def _by_address(visit: Visit, access: Access) -> Answer | None:
    client = client_address(visit.site.settings, visit.request)
    if not access.restricts:
        return None
    if not client:
        visit.guards.append(Guard("addresses", access.describe(), "403"))
        return None
    return None if admits(access, client) else visit.own(403)


def _by_password(visit: Visit) -> Answer | None:
    passwords = visit.location.policy.passwords
    if not asks_password(visit.site, visit.location):
        return None
    visit.request_headers["authorization"] = ""
    if passwords.digest:
        visit.guards.append(Guard("digest", passwords.describe(), "401"))
        return None
    if not sends_password(visit.request.headers.get("authorization", "")):
        visit.headers["www-authenticate"] = f'Basic realm="{passwords.realm}"'
        return visit.own(401)
    visit.guards.append(Guard("basic", passwords.describe(), "401"))
    return None


def _any_of_both(visit: Visit, access: Access) -> Answer | None:
    """Let through who is on the list; a list without allowed networks lets nobody through by itself."""
    client = client_address(visit.site.settings, visit.request)
    if access.allowed and client and admits(access, client):
        visit.request_headers["authorization"] = ""
        return None
    if access.allowed and not client:
        visit.guards.append(Guard("addresses or basic", f"{access.describe()} or", "401"))
    return _by_password(visit)


def asks_password(site: Site, location: Location) -> bool:
    """Tell whether nginx asks for a password in a location: not where ``no-auth-locations`` exempts it."""
    return location.policy.passwords.secret is not None and not location.rule_path.startswith(
        site.settings.no_auth_paths
    )


def admits(access: Access, client: str) -> bool:
    """Tell whether ``client`` comes in: what is denied is checked first."""
    address = ipaddress.ip_address(client)
    if any(address in _network(network) for network in access.denied):
        return False
    return not access.allowed or any(address in _network(network) for network in access.allowed)


@lru_cache(maxsize=4096)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text)
