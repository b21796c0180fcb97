# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probes of some units of a plan, from the bundle that the plan was made of. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._bundle.bundle import Bundle
from .._nginx.intake import take_in
from .._nginx.merge import build_site
from .._nginx.site import Site
from .._plan.files import StoredPlan
from .certificates import ExpectedCertificate
from .probes import Probe, write_probes
from .synthesis import synthesise


@dataclass(frozen=True, slots=True)
class WaveProbes:
    """What is asked to prove some units: probes by unit, and what the plan says of each host's certificate."""

    probes: dict[str, list[Probe]]
    certificates: list[ExpectedCertificate]
    unit_of: dict[str, str]

    def all_probes(self) -> list[Probe]:
        """Return the probes of all units."""
        return [probe for probes in self.probes.values() for probe in probes]

    def write(self, directory: Path) -> None:
        """Write ``probes/<unit>.jsonl`` below ``directory``. Raises OSError."""
        (directory / "probes").mkdir(parents=True, exist_ok=True)
        for unit, probes in self.probes.items():
            write_probes(probes, directory / "probes" / f"{unit}.jsonl")


def prepare(bundle: Bundle, plan: StoredPlan, units: Collection[str], *, upgrade: bool = False) -> WaveProbes:
    """Return the probes for the hosts of ``units`` that move.

    ``upgrade`` asks for one WebSocket handshake a host.
    """
    site = build_site(bundle, take_in(bundle))
    lines = list(plan.hosts())
    chosen = [line for line in lines if line["unit"] in units and line["moves"]]
    probes: dict[str, list[Probe]] = {}
    for line, found in _probes(site, chosen, upgrade):
        probes.setdefault(line["unit"], []).extend(found)
    hosts = {line["host"] for line in lines}
    certificates = [ExpectedCertificate.from_plan(line, hosts) for line in chosen]
    return WaveProbes(probes, certificates, {line["host"]: line["unit"] for line in chosen})


def _probes(site: Site, lines: list[dict[str, Any]], upgrade: bool) -> Iterator[tuple[dict[str, Any], list[Probe]]]:
    for line in lines:
        server = site.servers.get(line["host"])
        if server is not None:
            yield line, list(synthesise(server, site, line["described_by"], upgrade=upgrade))
