# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units and waves: what moves together (design.md, Words). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .._convert.options import Options
from .._kube.digests import short_hash
from .._nginx.site import Site

_READABLE = 45


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest set of namespaces that can move alone, named after its first namespace."""

    name: str
    namespaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wave:
    """Units that move together; waves are numbered from 1."""

    number: int
    units: tuple[str, ...]


class UnknownNamespaceError(ValueError):
    """An option names a namespace in which no Ingress is served."""


def find_units(site: Site) -> list[Unit]:
    """Return the connected components of namespaces that share a host, in order of their names."""
    leader: dict[str, str] = {}

    def find(namespace: str) -> str:
        while leader[namespace] != namespace:
            leader[namespace] = namespace = leader[leader[namespace]]
        return namespace

    for server in site.servers.values():
        namespaces = server.namespaces
        for namespace in namespaces:
            leader.setdefault(namespace, namespace)
        for namespace in namespaces[1:]:
            first, second = sorted((find(namespaces[0]), find(namespace)))
            leader[second] = first
    members: dict[str, list[str]] = {}
    for namespace in sorted(leader):
        members.setdefault(find(namespace), []).append(namespace)
    return [Unit(_name(namespaces), tuple(namespaces)) for __, namespaces in sorted(members.items())]


def _name(namespaces: Sequence[str]) -> str:
    """Name a unit so that it can be a label; a dot, which no namespace has, sets those of several namespaces apart."""
    more = len(namespaces) - 1
    if not more:
        return namespaces[0]
    first = namespaces[0] if len(namespaces[0]) <= _READABLE else f"{namespaces[0][:32]}-{short_hash(namespaces[0])}"
    return f"{first}.and-{more}-more"


def plan_waves(units: Iterable[Unit], host_counts: Mapping[str, int], options: Options) -> list[Wave]:
    """Return the waves: those the operator wrote, then the other units, the smallest first.

    ``host_counts`` are the hosts that move, by unit; units without any are in no wave. The first wave that the
    operator did not write holds one unit; the following ones at most ``wave_hosts`` hosts, or a single larger unit.
    Raises UnknownNamespaceError for a namespace of ``options`` that no unit has.
    """
    unit_of = {namespace: unit.name for unit in units for namespace in unit.namespaces}
    for namespace in (*options.namespaces, *(name for wave in options.waves for name in wave)):
        if namespace not in unit_of:
            raise UnknownNamespaceError(
                f"namespace {namespace!r} has no Ingress that this controller serves; "
                "correct convert_waves or convert_namespaces"
            )
    selected = {unit_of[namespace] for namespace in options.namespaces} or set(unit_of.values())
    left = {name for name in selected if host_counts.get(name)}
    groups: list[list[str]] = []
    for wave in options.waves:
        group = sorted({unit_of[namespace] for namespace in wave} & left)
        left -= set(group)
        groups.append(group)
    groups += _by_size(sorted(left, key=lambda name: (host_counts[name], name)), host_counts, options.wave_hosts)
    return [Wave(number, tuple(group)) for number, group in enumerate(filter(None, groups), 1)]


def _by_size(names: Sequence[str], host_counts: Mapping[str, int], limit: int) -> list[list[str]]:
    groups: list[list[str]] = [[name] for name in names[:1]]
    current: list[str] = []
    hosts = 0
    for name in names[1:]:
        if current and hosts + host_counts[name] > limit:
            groups.append(current)
            current, hosts = [], 0
        current.append(name)
        hosts += host_counts[name]
    return [*groups, current] if current else groups
