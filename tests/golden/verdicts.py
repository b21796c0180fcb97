# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each probe came to on each plane, and the account of all of them."""

from __future__ import annotations

from dataclasses import dataclass

from golden.expectations import Outcome, unmet
from golden.probes import Probe


@dataclass(frozen=True, slots=True)
class Verdict:
    """One probe on both planes. ``nginx_expected``: as the row says, or as the older controller is known to answer.

    ``equal``: the gateway answers what the row expects of nginx. ``described``: it does not, but as the row says.
    ``held`` are the findings that hold the host back, empty when it moved. ``unexplained`` are the faults.
    """

    probe: Probe
    nginx_expected: bool
    equal: bool
    described: bool
    held: tuple[str, ...]
    unexplained: tuple[str, ...]
    nginx: Outcome
    istio: Outcome

    def __str__(self) -> str:
        state = "equal" if self.equal else "described" if self.described else "DIFFERS"
        held = f" held back by {', '.join(self.held)}" if self.held else ""
        faults = "".join(f"\n      ! {fault}" for fault in self.unexplained)
        return f"{self.probe.id} {self.probe.row} {state}{held}: nginx {self.nginx} | istio {self.istio}{faults}"


def judge(probe: Probe, nginx: Outcome, istio: Outcome, held: tuple[str, ...]) -> Verdict:
    """Hold both planes' answers against the row."""
    faults = []
    wrong = unmet(probe.nginx, nginx)
    expected = not wrong or (bool(probe.older) and not unmet(probe.older, nginx))
    if not expected:
        faults += [f"nginx: {text}" for text in wrong]
    gateway_wrong = unmet(probe.nginx, istio)
    equal = not held and not gateway_wrong
    described = not equal and _described(probe, istio, held)
    if not equal and not described:
        faults += [f"held back: {code}" for code in held] or [f"istio: {text}" for text in gateway_wrong]
    return Verdict(probe, expected, equal, described, held, tuple(faults), nginx, istio)


def _described(probe: Probe, istio: Outcome, held: tuple[str, ...]) -> bool:
    if held:
        return probe.row == "X" or probe.held in held
    return bool(probe.istio) and not unmet(probe.istio, istio)


def account(verdicts: list[Verdict]) -> str:
    """Return the line with the counts."""
    counts = {
        "probes": len(verdicts),
        "nginx_as_expected": sum(item.nginx_expected for item in verdicts),
        "istio_equal": sum(item.equal for item in verdicts),
        "istio_as_described": sum(item.described for item in verdicts),
        "unexplained": sum(bool(item.unexplained) for item in verdicts),
    }
    return "golden: " + " ".join(f"{name}={number}" for name, number in counts.items())
