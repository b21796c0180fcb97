# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a Pod, computed from its containers.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox import layout
from sandbox.agent.container import Role
from sandbox.agent.container_status import Terminated
from sandbox.agent.events import timestamp

if TYPE_CHECKING:
    from sandbox.agent.container import Container


@dataclass(slots=True)
class Conditions:
    """Keeps the time at which each condition last changed."""

    _since: dict[str, tuple[str, str]] = field(default_factory=dict)

    def recover(self, status: dict[str, Any]) -> None:
        """Go on from what is recorded."""
        for item in status.get("conditions") or []:
            self._since[item["type"]] = (item["status"], item.get("lastTransitionTime") or timestamp())

    def get(self, kind: str, holds: bool, reason: str = "", message: str = "") -> dict[str, Any]:
        """One condition; reason and message are shown while it does not hold."""
        status = "True" if holds else "False"
        if self._since.get(kind, ("", ""))[0] != status:
            self._since[kind] = (status, timestamp())
        condition: dict[str, Any] = {
            "type": kind,
            "status": status,
            "lastTransitionTime": self._since[kind][1],
            "lastProbeTime": None,
        }
        # Null removes what a strategic merge would keep from an earlier patch.
        condition["reason"] = reason if not holds and reason else None
        condition["message"] = message if not holds and message else None
        return condition


@dataclass(frozen=True, slots=True)
class Overall:
    """What is true of the whole Pod."""

    address: str | None
    start_time: str
    network_ready: bool
    initialized: bool
    failed: tuple[str, str] | None
    """Reason and message when the Pod as a whole has failed (deadline exceeded)."""


def phase(containers: list[Container], overall: Overall) -> str:
    """Pending, Running, Succeeded or Failed."""
    main = [item for item in containers if item.role is Role.MAIN]
    inits = [item for item in containers if item.role is Role.INIT]
    if overall.failed or any(_failed(item) for item in inits if item.finished):
        return "Failed"
    if all(item.finished for item in main):
        succeeded = all(not _failed(item) for item in main)
        return "Succeeded" if succeeded else "Failed"
    if overall.initialized and any(item.has_run for item in main):
        return "Running"
    return "Pending"


def is_over(pod: dict[str, Any]) -> bool:
    """Whether a Pod has ended for good, by its recorded status."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _failed(container: Container) -> bool:
    return isinstance(container.state, Terminated) and container.state.exit_code != 0


def _readiness_gates(pod: dict[str, Any]) -> list[str]:
    """Gates that do not hold: conditions that some other controller sets."""
    known = {item["type"]: item["status"] for item in (pod.get("status") or {}).get("conditions") or []}
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or []]
    return [gate for gate in gates if known.get(gate) != "True"]


def compute(
    pod: dict[str, Any], containers: list[Container], overall: Overall, conditions: Conditions
) -> dict[str, Any]:
    """PodStatus, to be sent as a strategic merge patch."""
    serving = [item for item in containers if item.role is not Role.INIT]
    current = phase(containers, overall)
    over = current in ("Succeeded", "Failed")
    unready = [item.name for item in serving if not item.ready]
    reason = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(current, "ContainersNotReady")
    text = f"containers with unready status: [{' '.join(unready)}]"
    containers_ready = not unready and not over
    gates = _readiness_gates(pod)
    waiting = [item.name for item in containers if item.role is not Role.MAIN and not item.ready]
    status: dict[str, Any] = {
        "observedGeneration": pod["metadata"].get("generation"),
        "phase": current,
        "hostIP": layout.NODE_ADDRESS,
        "hostIPs": [{"ip": layout.NODE_ADDRESS}],
        "startTime": overall.start_time,
        "reason": overall.failed[0] if overall.failed else None,
        "message": overall.failed[1] if overall.failed else None,
        "conditions": [
            conditions.get("PodReadyToStartContainers", overall.network_ready),
            conditions.get(
                "Initialized",
                overall.initialized,
                "ContainersNotInitialized",
                f"containers with incomplete status: [{' '.join(waiting)}]",
            ),
            conditions.get("ContainersReady", containers_ready, reason, text),
            conditions.get(
                "Ready",
                containers_ready and not gates,
                reason if unready or over else "ReadinessGatesNotReady",
                text if unready or over else f"conditions that do not hold: {', '.join(gates)}",
            ),
        ],
        "containerStatuses": [item.status() for item in containers if item.role is Role.MAIN],
    }
    inits = [item.status() for item in containers if item.role is not Role.MAIN]
    if inits:
        status["initContainerStatuses"] = inits
    if overall.address is not None:
        status["podIP"] = overall.address
        status["podIPs"] = [{"ip": overall.address}]
    return status
