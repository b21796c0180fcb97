# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server and which location take a request (semantics.md B.2, B.4). PRIVATE to the collection."""

from __future__ import annotations

import re
from functools import lru_cache

from ..._kube.patterns import is_costly
from ..ingress import EXACT
from ..site import DEFAULT_SERVER, Location, Server, Site


def server_for(site: Site, name: str) -> Server:
    """Return the server of a host name: exact, else a wildcard of one label, else the default server."""
    if name in site.servers and name != DEFAULT_SERVER:
        return site.servers[name]
    first, dot, rest = name.partition(".")
    if dot and re.fullmatch(r"[\w-]+", first, re.ASCII):
        wildcard = site.servers.get(f"*.{rest}")
        if wildcard:
            return wildcard
    return site.servers[DEFAULT_SERVER]


def location_for(server: Server, path: str) -> Location | None:
    """Return the location that takes ``path``, a path as nginx chooses locations by it."""
    if server.regex:
        return next((item for item in server.locations if _regex_matches(item, path)), None)
    best: Location | None = None
    slashed: Location | None = None
    for location in server.locations:
        if location.type == EXACT:
            if location.path == path:
                return location
            if _takes_bare(location, path):
                slashed = location
        elif _takes(location, path) and (best is None or len(location.path) > len(best.path)):
            best = location
    return slashed or best


def settles(server: Server, path: str) -> bool:
    """Tell whether a location of the controller takes ``path`` before nginx looks at regular expressions.

    One that is equal to the path does, and one that is to redirect it for the slash that it lacks.
    Source: nginx ``ngx_http_core_find_location``.
    """
    return not server.regex and any(path in settled_paths(location) for location in server.locations)


def settled_paths(location: Location) -> tuple[str, ...]:
    """Return the paths that a location of a host without regular expressions takes before all of those."""
    if location.type == EXACT:
        return (location.path,)
    return () if location.policy.denied or location.path == "/" else (location.path.removesuffix("/"),)


def _takes(location: Location, path: str) -> bool:
    return path.startswith(location.path) or _takes_bare(location, path)


def _takes_bare(location: Location, path: str) -> bool:
    """Tell whether a location takes ``path`` to add its slash: only one that passes requests on, exact ones as well.

    Source: nginx ``ngx_http_core_module.c`` ngx_http_core_find_static_location (``auto_redirect``).
    """
    return not location.policy.denied and path + "/" == location.path


def _regex_matches(location: Location, path: str) -> bool:
    pattern = _pattern(location.path)
    return pattern is not None and pattern.search(path) is not None


@lru_cache(maxsize=8192)
def _pattern(text: str) -> re.Pattern[str] | None:
    """Return the expression of a location, None for one that nginx refuses, or that the model may never finish.

    A host with such a location is never converted.
    """
    if is_costly(text):
        return None
    try:
        return re.compile(f"^{text}", re.IGNORECASE)
    except (re.error, OverflowError, RecursionError):
        return None
