# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from sandbox.agent import pod_status
from sandbox.agent.container import Container, Role
from sandbox.agent.container_status import Running, State, Terminated, Waiting
from sandbox.agent.pod_status import Conditions, Overall
from sandbox.agent.waiting import Pulse

if TYPE_CHECKING:
    from sandbox.agent.run import Run


class _Pod:
    """The surroundings of a container that nothing happens in."""

    def __init__(self) -> None:
        self.configuration = Pulse()

    async def prepare(self, container: Container) -> Any:
        raise NotImplementedError

    def changed(self) -> None:
        pass

    def normal(self, reason: str, message: str) -> None:
        pass

    def warn(self, reason: str, message: str) -> None:
        pass


def _container(role: Role, state: State, *, policy: str = "Always", has_run: bool = True) -> Container:
    made = Container({"name": f"c-{role.value}", "image": "x"}, role, _Pod(), policy)
    made.state, made.has_run = state, has_run
    return made


def _overall(*, initialized: bool = True, failed: tuple[str, str] | None = None) -> Overall:
    return Overall("198.18.1.1", "2026-01-01T00:00:00Z", network_ready=True, initialized=initialized, failed=failed)


RUNNING, WAITING = Running("2026-01-01T00:00:00Z"), Waiting("CrashLoopBackOff")
SUCCEEDED, FAILED = Terminated(0, "Completed"), Terminated(1, "Error")


@pytest.mark.parametrize(
    ("containers", "initialized", "phase"),
    [
        ([(Role.MAIN, RUNNING)], True, "Running"),
        ([(Role.MAIN, WAITING)], True, "Running"),
        ([(Role.MAIN, SUCCEEDED)], True, "Succeeded"),
        ([(Role.MAIN, SUCCEEDED), (Role.MAIN, FAILED)], True, "Failed"),
        ([(Role.MAIN, SUCCEEDED), (Role.MAIN, RUNNING)], True, "Running"),
        ([(Role.INIT, RUNNING), (Role.MAIN, WAITING)], False, "Pending"),
        ([(Role.INIT, FAILED), (Role.MAIN, WAITING)], False, "Failed"),
        ([(Role.SIDECAR, RUNNING), (Role.MAIN, SUCCEEDED)], True, "Succeeded"),
    ],
)
def test_phases(containers: list[tuple[Role, State]], initialized: bool, phase: str) -> None:
    made = [_container(role, state) for role, state in containers]
    assert pod_status.phase(made, _overall(initialized=initialized)) == phase


def test_a_pod_over_its_deadline_has_failed() -> None:
    overall = _overall(failed=("DeadlineExceeded", "too long"))
    pod = {"metadata": {"generation": 3}, "spec": {}}
    status = pod_status.compute(pod, [_container(Role.MAIN, RUNNING)], overall, Conditions())
    assert (status["phase"], status["reason"], status["observedGeneration"]) == ("Failed", "DeadlineExceeded", 3)


def _conditions(pod: dict[str, Any], containers: list[Container]) -> dict[str, tuple[str, str | None]]:
    status = pod_status.compute(pod, containers, _overall(), Conditions())
    return {item["type"]: (item["status"], item["message"]) for item in status["conditions"]}


def test_an_unready_container_is_named() -> None:
    found = _conditions({"metadata": {}, "spec": {}}, [_container(Role.MAIN, RUNNING)])
    assert found["Ready"] == ("False", "containers with unready status: [c-main]")
    assert found["Initialized"] == ("True", None)


def test_readiness_gates_hold_a_pod_back() -> None:
    container = _container(Role.MAIN, RUNNING)
    container.current = cast("Run", SimpleNamespace(ready=True, started=True))
    pod: dict[str, Any] = {"metadata": {}, "spec": {"readinessGates": [{"conditionType": "example.test/ok"}]}}
    found = _conditions(pod, [container])
    assert found["ContainersReady"][0] == "True"
    assert found["Ready"] == ("False", "conditions that do not hold: example.test/ok")
    pod["status"] = {"conditions": [{"type": "example.test/ok", "status": "True"}]}
    assert _conditions(pod, [container])["Ready"][0] == "True"


def test_a_condition_keeps_its_time_until_it_changes() -> None:
    conditions = Conditions()
    conditions.recover(
        {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
    )
    assert conditions.get("Ready", True)["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert conditions.get("Ready", False, "Why", "because")["lastTransitionTime"] > "2026-01-02"


@pytest.mark.parametrize(
    ("policy", "role", "restarted"),
    [
        ("Always", Role.MAIN, {0: True, 1: True}),
        ("OnFailure", Role.MAIN, {0: False, 1: True}),
        ("Never", Role.MAIN, {0: False, 1: False}),
        ("Always", Role.INIT, {0: False, 1: True}),
        ("Never", Role.INIT, {0: False, 1: False}),
        ("Never", Role.SIDECAR, {0: True, 1: True}),
    ],
)
def test_restart_policies(policy: str, role: Role, restarted: dict[int, bool]) -> None:
    made = Container({"name": "c", "image": "x"}, role, _Pod(), policy)
    assert {code: made.is_restarted(code) for code in (0, 1)} == restarted


def test_recovery_counts_the_end_of_the_agent_as_a_restart() -> None:
    made = Container({"name": "c", "image": "x"}, Role.MAIN, _Pod(), "Always")
    made.recover({"restartCount": 2, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}})
    status = made.status()
    assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (3, 255)
    assert "waiting" in status["state"]


def test_recovery_does_not_repeat_what_must_run_once() -> None:
    made = Container({"name": "c", "image": "x"}, Role.MAIN, _Pod(), "Never")
    made.recover({"restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}})
    assert made.finished
    assert made.status()["state"]["terminated"]["reason"] == "Unknown"
