# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a plan from a bundle. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from .._bundle.bundle import Bundle, in_order
from .._convert.assemble import UnitResources
from .._convert.convert import Conversion, convert
from .._convert.gateways import SHARED_UNIT
from .._convert.options import Options
from .._istio.invariants import check_unit
from .._kube.objects import KubeObject
from .._nginx.intake import take_in
from .._nginx.merge import build_site
from .._nginx.site import Site
from .collector import paused_collector
from .units import Unit, Wave, find_units, plan_waves


@dataclass(frozen=True, slots=True)
class Plan:
    """The deterministic outcome of converting one bundle with one set of options.

    ``searched`` counts the hosts and requests of the search for a counter-example; empty where none was made.
    """

    bundle: Bundle
    options: Options
    site: Site
    units: list[Unit]
    waves: list[Wave]
    conversion: Conversion
    searched: Mapping[str, int] = field(default_factory=dict)

    def resources(self) -> Iterator[UnitResources]:
        """Yield the resources of each unit of a wave, shared ones first. Raises InvariantError."""
        return map(self.resources_of, self.unit_names())

    def unit_names(self) -> list[str]:
        """Return the units of all waves, shared resources first."""
        planned = {name for wave in self.waves for name in wave.units} - {SHARED_UNIT}
        return [
            name
            for name in self.conversion.assembly.unit_names()
            if name in planned or (self.waves and name == SHARED_UNIT)
        ]

    def resources_of(self, unit: str) -> UnitResources:
        """Return the resources of one unit, checked against the invariants.

        Raises InvariantError, which is a defect of the collection, before anything of the unit is written.
        """
        resources = self.conversion.assembly.unit(unit)
        check_unit(resources.objects, [credential.name for credential in resources.credentials])
        return resources

    def gateways(self) -> Iterator[KubeObject]:
        """Yield the Gateways of all units of waves, without their marks."""
        return chain.from_iterable(self.conversion.layout.gateways.get(unit, ()) for unit in self.unit_names())


def make_plan(bundle: Bundle, options: Options, distrusted: Mapping[str, str] | None = None) -> Plan:
    """Return the plan for ``bundle``, whatever the order of its objects.

    ``distrusted`` are hosts to be held back, with a counter-example each.

    Raises UnknownNamespaceError for a namespace that options alone know.
    """
    with paused_collector():
        bundle = in_order(bundle)
        intake = take_in(bundle)
        site = build_site(bundle, intake)
        units = find_units(site)
        unit_of = {namespace: unit.name for unit in units for namespace in unit.namespaces}
        conversion = convert(bundle, intake, site, unit_of, options, distrusted=distrusted)
        counts: dict[str, int] = {}
        for verdict in conversion.verdicts.values():
            if verdict.moves:
                counts[verdict.unit] = counts.get(verdict.unit, 0) + 1
        return Plan(bundle, options, site, units, plan_waves(units, counts, options), conversion)
