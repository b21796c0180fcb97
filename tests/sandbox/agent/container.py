# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container of a Pod: one run after the other, as its restart policy says."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Protocol

from sandbox.agent.api import NO_ANSWER, ApiError
from sandbox.agent.backoff import Backoff
from sandbox.agent.configuration import MissingError
from sandbox.agent.container_status import Running, State, Terminated, Waiting, terminated_from_api
from sandbox.agent.downward import UnknownFieldError
from sandbox.agent.events import timestamp
from sandbox.agent.launch import ConfigError
from sandbox.agent.process import StartError
from sandbox.agent.run import Run
from sandbox.agent.volumes import VolumeError
from sandbox.agent.waiting import GracePeriod, first_of
from sandbox.image import ImageError

if TYPE_CHECKING:
    from sandbox.agent.run import Setup
    from sandbox.agent.waiting import Pulse

_DEFAULT_GRACE_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = 10.0
_SHORT_RETRY_SECONDS: Final = 1.0
_START_FAILED: Final = 128

_log = logging.getLogger(__name__)


class Role(Enum):
    """What a container is in its Pod; a sidecar is an init container that is restarted always."""

    INIT = "init"
    SIDECAR = "sidecar"
    MAIN = "main"


class Surroundings(Protocol):
    """What a container needs of its Pod."""

    configuration: Pulse
    """Beats when a ConfigMap or Secret that the Pod refers to changes."""

    async def prepare(self, container: Container) -> Setup:
        """What the next run needs; raises what _CANNOT_PREPARE lists, ImageError, ApiError or one of NO_ANSWER."""

    def changed(self) -> None:
        """Something that the Pod's status shows has changed."""

    def normal(self, reason: str, message: str) -> None:
        """Record an event."""

    def warn(self, reason: str, message: str) -> None:
        """Record a warning."""


_CANNOT_PREPARE: Final = (MissingError, ConfigError, VolumeError, UnknownFieldError)


class Container:
    """State and history of one container; supervise() keeps it running."""

    def __init__(self, spec: dict[str, Any], role: Role, pod: Surroundings, restart_policy: str) -> None:
        self.spec = spec
        self.role = role
        self.name: str = spec["name"]
        self.state: State = Waiting("PodInitializing" if role is Role.MAIN else "ContainerCreating")
        self.last_state: Terminated | None = None
        self.restarts = 0
        self.current: Run | None = None
        self.has_run = False
        self._pod = pod
        self._policy = "Always" if role is Role.SIDECAR else restart_policy
        self._backoff = Backoff()

    # --- what others want to know

    @property
    def ready(self) -> bool:
        """Ready to serve; an ordinary init container is when it has succeeded."""
        if self.role is Role.INIT:
            return isinstance(self.state, Terminated) and self.state.exit_code == 0
        return self.current is not None and self.current.ready

    @property
    def started(self) -> bool:
        """Running, and past its postStart hook and startup probe."""
        return self.current is not None and self.current.started

    @property
    def finished(self) -> bool:
        """Ended for good."""
        return isinstance(self.state, Terminated)

    @property
    def waiting_reason(self) -> str:
        """Why it has not started."""
        return self.state.reason if isinstance(self.state, Waiting) else ""

    def recover(self, status: dict[str, Any]) -> None:
        """Go on from what an earlier agent has recorded; what ran then was killed with that agent."""
        self.restarts = status.get("restartCount", 0)
        state = status.get("state", {})
        if "terminated" in state:
            ended = terminated_from_api(state["terminated"])
            if self.role is Role.MAIN and not self.is_restarted(ended.exit_code):
                self.state = ended
            else:
                self.last_state = ended
        elif "running" in state:
            self.has_run = True
            self.restarts += 1
            self.last_state = Terminated(
                exit_code=255,
                reason="Unknown",
                message="the node agent ended",
                started_at=state["running"].get("startedAt"),
                finished_at=timestamp(),
            )
            if not self.is_restarted(self.last_state.exit_code):
                self.state, self.last_state, self.restarts = self.last_state, None, self.restarts - 1

    def is_restarted(self, exit_code: int) -> bool:
        if self._policy == "Never":
            return False
        # An init container that succeeded is done under every policy.
        only_failures = self._policy == "OnFailure" or self.role is Role.INIT
        return bool(exit_code) or not only_failures

    # --- running

    async def supervise(self) -> None:
        """Run it, again and again if so told; returns when it has ended for good. Cancelling leaves the run alone."""
        while not self.finished:
            began = time.monotonic()
            outcome = await self._one_run()
            if not self.is_restarted(outcome.exit_code):
                self._set(outcome)
                return
            await self._pause(outcome, time.monotonic() - began)

    async def _one_run(self) -> Terminated:
        try:
            run = await self._start()
        except StartError as error:
            self._pod.warn("Failed", f"container {self.name} cannot be started: {error}")
            when = timestamp()
            return Terminated(_START_FAILED, "StartError", str(error), when, when)
        while not run.over.is_set():
            await first_of(run.failed_probe.wait(), run.over.wait())
            if not run.over.is_set():
                self._pod.normal("Killing", f"container {self.name} failed a probe and is stopped")
                await run.stop(GracePeriod(self._probe_grace()))
        return self._outcome_of(run)

    def _outcome_of(self, run: Run) -> Terminated:
        if run.outcome is None:
            raise RuntimeError(f"container {self.name} is over without an outcome")
        self.current = None
        return run.outcome

    def _probe_grace(self) -> float:
        for kind in ("livenessProbe", "startupProbe"):
            seconds = (self.spec.get(kind) or {}).get("terminationGracePeriodSeconds")
            if seconds is not None:
                return float(seconds)
        return _DEFAULT_GRACE_SECONDS

    async def _start(self) -> Run:
        """Start it as soon as everything it needs is there; raises StartError."""
        while True:
            version = self._pod.configuration.version
            try:
                setup = await self._pod.prepare(self)
                run = await Run.start(setup)
            except ImageError as error:
                self._pod.warn("Failed", str(error))
                self._set(Waiting("ImagePullBackOff", str(error)))
                await self._wait_for_change(version, _RETRY_SECONDS)
            except _CANNOT_PREPARE as error:
                self._pod.warn("Failed", str(error))
                self._set(Waiting("CreateContainerConfigError", str(error)))
                await self._wait_for_change(version, _RETRY_SECONDS)
            except (ApiError, *NO_ANSWER) as error:
                _log.warning("container %s: %s", self.name, error)
                self._set(Waiting("CreateContainerError", str(error)))
                await self._wait_for_change(version, _SHORT_RETRY_SECONDS)
            else:
                self.current, self.has_run = run, True
                self._set(Running(run.started_at))
                self._pod.normal("Started", f"container {self.name} started")
                return run

    async def _wait_for_change(self, version: int, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._pod.configuration.after(version)

    async def _pause(self, outcome: Terminated, ran_seconds: float) -> None:
        self.last_state = outcome
        delay = self._backoff.delay(ran_seconds)
        if delay:
            message = f"back-off {delay:.0f}s restarting failed container={self.name}"
            self._pod.warn("BackOff", message)
            self._set(Waiting("CrashLoopBackOff", message))
            await asyncio.sleep(delay)
        self.restarts += 1

    def _set(self, state: State) -> None:
        self.state = state
        self._pod.changed()

    async def terminate(self, grace: GracePeriod) -> None:
        """Stop what runs. supervise() must have been cancelled before."""
        if self.current is not None:
            await self.current.stop(grace)
            self._set(self._outcome_of(self.current))
        elif self.last_state is not None and not self.finished:  # it was waiting to be started again
            self._set(self.last_state)

    def kill(self) -> None:
        """End what runs at once, without waiting for it."""
        if self.current is not None:
            self.current.kill()

    def status(self) -> dict[str, Any]:
        """ContainerStatus."""
        image = self.spec["image"]
        status = {
            "name": self.name,
            "image": image,
            "imageID": f"sandbox://{image}",
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
            "state": self.state.as_api(),
            "lastState": {} if self.last_state is None else self.last_state.as_api(),
        }
        if self.has_run:
            status["containerID"] = f"sandbox://{self.name}-{self.restarts}"
        return status
