# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locations of one server: their order and their normalised paths (semantics.md B.2). PRIVATE.

Source: ingress-nginx ``controller.getBackendServers`` (sorting), ``location.go`` (normalisation) and
``template.enforceRegexModifier``.
"""

from __future__ import annotations

from dataclasses import replace

from .ingress import EXACT, PREFIX
from .site import Location


def is_regex(location: Location) -> bool:
    """Tell whether a location makes its whole server match by regular expressions."""
    policy = location.policy
    return policy.use_regex or bool(policy.rewrite_target and policy.rewrite_target != location.path)


def in_file_order(locations: list[Location]) -> list[Location]:
    """Return the locations as nginx's configuration file lists them, prefixes split into ``/p/`` and ``= /p``.

    They are sorted by path, then by length of the path, both descending. A Prefix other than ``/`` gets its slash
    and an exact twin, unless it is a regular expression or an Exact rule has that path already.
    """
    ordered = sorted(locations, key=lambda item: item.path, reverse=True)
    ordered.sort(key=lambda item: len(item.path), reverse=True)
    exact = {location.path for location in locations if location.type == EXACT}
    result: list[Location] = []
    for location in ordered:
        if location.path == "/" or location.type != PREFIX or is_regex(location):
            result.append(location)
            continue
        slashed = location.path if location.path.endswith("/") else f"{location.path}/"
        result.append(replace(location, path=slashed))
        if location.path not in exact:
            result.append(replace(location, type=EXACT))
    return result


def duplicate(locations: list[Location]) -> tuple[Location, Location] | None:
    """Return two locations that nginx would refuse as duplicates, None when all differ."""
    seen: dict[tuple[str, str], Location] = {}
    for location in locations:
        first = seen.setdefault((location.path, location.type), location)
        if first is not location:
            return first, location
    return None
