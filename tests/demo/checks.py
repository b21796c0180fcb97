# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be so at the end, asked of the ledger, the report and both planes; nothing is taken on trust."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from demo.applications import Applications, Expectation, Route, Traffic

if TYPE_CHECKING:
    from harness.target import Target

LEAST_PROBES: Final = 300
LEAST_REQUESTS: Final = 5000
_STATES: Final = {
    Expectation.MIGRATED: "verified",
    Expectation.HELD_BACK: "held_back",
    Expectation.ROLLED_BACK: "rolled_back",
}
_PARALLEL: Final = 8
_OK: Final = 200
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Figures:
    """What the demo counted."""

    hosts: int
    migrated: int
    held_back: int
    rolled_back: int
    probes: int
    described: int
    differences: int
    failed_requests: int
    requests: int
    seconds: int

    def __str__(self) -> str:
        fields = (f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"demo: {' '.join(fields)}"


def figures(report: dict[str, Any], load: dict[str, Any], seconds: float) -> Figures:
    """Count what the last report and the load generator say; proofs are those of the waves that stay."""
    states = [host["state"] for host in report["hosts"]]
    proofs = [unit["proof"] for unit in report["units"] if unit["state"] == "verified"]
    return Figures(
        hosts=len(states),
        migrated=states.count("verified"),
        held_back=states.count("held_back"),
        rolled_back=states.count("rolled_back"),
        probes=sum(proof["probes"] for proof in proofs),
        described=sum(proof["described"] for proof in proofs),
        differences=sum(proof["different"] for proof in proofs),
        failed_requests=load["totals"]["failures"] + load["totals"]["not_sent"],
        requests=load["totals"]["requests"],
        seconds=round(seconds),
    )


def wrong_figures(found: Figures, applications: Applications) -> Iterator[str]:
    """Yield what is not as it must be."""
    if found.differences:
        yield f"{found.differences} differences are not described by any finding"
    if found.failed_requests:
        yield f"{found.failed_requests} requests failed"
    if found.requests < LEAST_REQUESTS:
        yield f"only {found.requests} requests were sent, not {LEAST_REQUESTS}"
    if found.probes < LEAST_PROBES:
        yield f"only {found.probes} probes were made, not {LEAST_PROBES}"
    served = sum(declared != Expectation.LEFT_ALONE for declared in applications.expected.values())
    if found.hosts != served:
        yield f"the report has {found.hosts} hosts, the manifests declare {served}"


def wrong_hosts(applications: Applications, report: dict[str, Any]) -> Iterator[str]:
    """Yield hosts that did not become what their manifests declare."""
    states = {host["host"]: host["state"] for host in report["hosts"]}
    for host, declared in sorted(applications.expected.items()):
        wanted = _STATES.get(declared)
        if states.get(host) != wanted:
            yield f"{host} is {states.get(host) or 'not in the report'}, its manifest declares {declared}"


def wrong_answers(applications: Applications, target: Target) -> Iterator[str]:
    """Yield routes that are not answered by whom the manifests declare, on either plane."""
    asked = [route for route in applications.routes if applications.expected[route.host] != Expectation.LEFT_ALONE]
    asked = [route for route in asked if route.traffic not in (Traffic.GRPC, Traffic.NONE)]
    cases = [(plane, route) for route in asked for plane in ("nginx", "istio")]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        yield from filter(None, pool.map(lambda case: _wrong_answer(applications, target, *case), cases))


def _wrong_answer(applications: Applications, target: Target, plane: str, route: Route) -> str:
    answer = target.answer(plane, route.url)
    served = plane == "nginx" or applications.expected[route.host] == Expectation.MIGRATED
    wanted = (_OK, route.service) if served else (_NOT_FOUND, "")
    found = (answer.status, answer.application)
    return "" if found == wanted else f"{plane} answers {route.url} with {found}, not {wanted}"


def wrong_objects(target: Target) -> Iterator[str]:
    """Yield what istioctl and the gateways object to."""
    # Applications stay outside of the mesh, of which istioctl informs.
    yield from (complaint for complaint in target.complaints() if not complaint.startswith("Info "))
    for pod, count in target.rejected_updates().items():
        if count:
            yield f"gateway Pod {pod} refused {count} updates"
