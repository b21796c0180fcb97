# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths and hosts: which requests a location takes (semantics.md B.2, B.4). PRIVATE to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._istio.lookahead import without_lookahead
from .._istio.regex import LIMIT, UnsupportedPatternError, has_alternatives, is_literal, literal, translate
from .._kube.hosts import is_wildcard
from .._nginx.ingress import EXACT
from .._nginx.site import DEFAULT_SERVER, Location, Server, Site
from .draft import Draft, Match, join_conditions

_PLAIN = re.compile(r"/[!-~]*")
_SPECIAL = frozenset('"\\%{};?#')


def is_plain_path(path: str) -> bool:
    """Tell whether nginx and Envoy read ``path`` as the same literal text in a configuration.

    Percent signs stand for bytes in requests but for themselves in nginx's locations, which match decoded paths.
    """
    return _PLAIN.fullmatch(path) is not None and not _SPECIAL.intersection(path)


def drafts(server: Server, site: Site) -> Iterator[Draft]:
    """Yield a draft for each location of a server, in an order in which the first match is nginx's.

    Raises UnsupportedPatternError where a path is a regular expression that Envoy does not have.
    """
    guard = host_guard(server.host, site)
    return _pattern_drafts(server, guard) if server.regex else _plain_drafts(server, guard)


def _plain_drafts(server: Server, guard: Match) -> Iterator[Draft]:
    """Put an exact location before the prefixes of its length, longer paths before shorter ones.

    The pair that nginx makes of one Prefix is one draft again.
    """
    pairs: dict[tuple[int, str], list[Location]] = {}
    for location in sorted(server.locations, key=lambda item: (-len(item.path), item.path, item.type != EXACT)):
        pairs.setdefault((id(location.ingress), location.origin), []).append(location)
    for twins in pairs.values():
        prefixes = {twin.path for twin in twins if twin.type != EXACT}
        matches = [{**_plain_match(twin), **guard} for twin in twins if twin.type != EXACT or twin.path not in prefixes]
        main = next((twin for twin in twins if twin.type != EXACT), twins[0])
        yield Draft(server, main, _name(server, main), guard, matches)


def _pattern_drafts(server: Server, guard: Match) -> Iterator[Draft]:
    """Keep nginx's order, which is that of its file; what follows a location that takes every path is never asked."""
    seen: set[str] = set()
    for location in server.locations:
        name = _name(server, location)
        # nginx makes two locations of one Prefix; their routes need names of their own.
        unique = name if name not in seen else f"{name}/bare"
        seen.add(unique)
        yield Draft(server, location, unique, guard, [join_conditions(pattern_match(location.path), guard)])
        if location.path == "/":
            return


def _plain_match(location: Location) -> Match:
    return {"uri": {"exact" if location.type == EXACT else "prefix": location.path}}


def pattern_match(path: str) -> Match:
    """Return the condition for a location of nginx that is a regular expression: anchored at its start, without case.

    Raises UnsupportedPatternError.
    """
    path, kept_out = without_lookahead(path)
    if len(kept_out) > LIMIT:
        raise UnsupportedPatternError(f"more than {LIMIT} characters")
    others = {"withoutHeaders": {":path": {"regex": kept_out}}} if kept_out else {}
    return {**_path_match(path), **others}


def _path_match(path: str) -> Match:
    if path == "/":
        return {"uri": {"prefix": "/"}}
    pattern = translate(path)
    if is_literal(path) and is_plain_path(path):
        return {"uri": {"prefix": path}, "ignoreUriCase": True}
    # The anchor of nginx belongs to the first alternative alone.
    whole = f"(?i).*(?:^{pattern}).*" if has_alternatives(pattern) else f"(?i){pattern}.*"
    if len(whole) > LIMIT:
        raise UnsupportedPatternError(f"more than {LIMIT} characters")
    return {"uri": {"regex": whole}}


def host_guard(host: str, site: Site) -> Match:
    """Return the condition that keeps requests for other hosts out of the routes of ``host``.

    Envoy's own wildcards match any depth, nginx's one label. A name of one label can stand in no Gateway, so its
    routes share the virtual host of all unknown names with the default server.
    """
    if is_wildcard(host):
        return {"authority": {"regex": _authority(rf"[\w-]+{literal(host[1:])}")}}
    if is_single_label(host):
        return {"authority": {"regex": _authority(literal(host))}}
    singles = sorted(filter(is_single_label, site.servers)) if host == DEFAULT_SERVER else []
    if not singles:
        return {}
    names = _authority(f"(?:{'|'.join(map(literal, singles))})")
    # Too many to be listed: no name of one label reaches the default server, be it known or not.
    return {"withoutHeaders": {":authority": {"regex": names if len(names) <= LIMIT else _authority(r"[\w-]+")}}}


def _authority(name: str) -> str:
    return f"(?i){name}(:[0-9]+)?"


def is_single_label(host: str) -> bool:
    """Tell whether a host is a name without a domain."""
    return host != DEFAULT_SERVER and "." not in host


def gateway_host(host: str) -> str:
    """Return the name by which Gateways and VirtualServices take the requests for ``host``."""
    return "*" if host == DEFAULT_SERVER or is_single_label(host) else host


def _name(server: Server, location: Location) -> str:
    """Name a route so that no other route of the gateway has the name: slashes occur in no part of it."""
    owner = location.ingress
    place = f"{owner.key.namespace}/{owner.key.name}/{location.origin}" if owner else location.origin
    return f"{place}/{server.host}" if location.implicit or server.alias_of else place
