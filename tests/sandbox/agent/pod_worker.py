# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Pod from the moment it is bound to the node until it is gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from sandbox.agent import background, pod_status
from sandbox.agent.container import Container, Role
from sandbox.agent.events import timestamp
from sandbox.agent.pod_publisher import PodPublisher
from sandbox.agent.pod_resources import PodResources
from sandbox.agent.pod_status import Conditions, Overall
from sandbox.agent.references import references
from sandbox.agent.waiting import GracePeriod, Pulse, first_of

if TYPE_CHECKING:
    from sandbox.agent.configuration import Reference
    from sandbox.agent.node_context import NodeContext
    from sandbox.agent.run import Setup

_DEFAULT_GRACE_SECONDS: Final = 30.0


class PodWorker:
    """Runs one Pod. run() ends when the Pod has: then it is gone from the API server, or finished and kept there."""

    def __init__(self, node: NodeContext, pod: dict[str, Any]) -> None:
        self._events = node.events
        self.pod = pod
        metadata, recorded = pod["metadata"], pod.get("status") or {}
        self.key = (metadata["namespace"], metadata["name"])
        self.uid: str = metadata["uid"]
        self.configuration = Pulse()
        self._progress = Pulse()
        self.resources = PodResources(node, pod, self.configuration)
        self._publisher = PodPublisher(node.api, self.key, self.uid)
        self._references = references(pod)
        self.containers = _containers(pod, self)
        _recover(self.containers, recorded)
        self._start_time: str = recorded.get("startTime") or timestamp()
        self._conditions = Conditions()
        self._conditions.recover(recorded)
        self._initialized = False
        self._failed: tuple[str, str] | None = None
        self._deletion = asyncio.Event()
        self._grace: GracePeriod | None = None
        self.over = pod_status.is_over(pod)

    # --- what the rest of the agent tells

    def update(self, pod: dict[str, Any]) -> None:
        """The Pod has changed."""
        before, self.pod = self.pod["metadata"], pod
        self.resources.pod = pod
        metadata = pod["metadata"]
        if any(before.get(key) != metadata.get(key) for key in ("labels", "annotations")):
            self.configuration.beat()  # files of the downward API show them
        if metadata.get("deletionTimestamp"):
            seconds = metadata.get("deletionGracePeriodSeconds")
            self.delete(_DEFAULT_GRACE_SECONDS if seconds is None else seconds)
        self._progress.beat()

    def delete(self, grace_seconds: float) -> None:
        """Begin to end the Pod, or hurry up."""
        if self._grace is None:
            self._grace = GracePeriod(grace_seconds)
        else:
            self._grace.shorten(grace_seconds)
        if self.over and not self._deletion.is_set():
            background.start(self._publisher.conclude(None, remove=True))
        self._deletion.set()

    def notice(self, reference: Reference) -> None:
        """A ConfigMap or Secret has changed."""
        if reference in self._references:
            self.configuration.beat()

    # --- what containers need (Surroundings)

    def changed(self) -> None:
        """Have the status sent."""
        self._progress.beat()

    def normal(self, reason: str, message: str) -> None:
        """Record an event."""
        self._events.normal(self.pod, reason, message)

    def warn(self, reason: str, message: str) -> None:
        """Record a warning."""
        self._events.warning(self.pod, reason, message)

    async def prepare(self, container: Container) -> Setup:
        """Everything for the next run of a container."""
        return await self.resources.prepare(container, self)

    # --- the life of the Pod

    async def run(self) -> None:
        """From start to end."""
        publishing = asyncio.create_task(self._publisher.follow(self._progress, self._status))
        try:
            await first_of(self._live(), self._deletion.wait())
            if self._grace is None:
                seconds = self.pod["spec"].get("terminationGracePeriodSeconds", _DEFAULT_GRACE_SECONDS)
                self._grace = GracePeriod(seconds)
            await self._end(self._grace)
        finally:
            publishing.cancel()
            for item in self.containers:
                item.kill()
            self.resources.release()
        self.over = True
        await self._publisher.conclude(self._status(), remove=self._deletion.is_set())

    async def _live(self) -> None:
        """Run all containers; returns when all have ended for good, or the Pod's deadline is over."""
        await self.resources.set_up(self.warn, self.changed)
        try:
            async with asyncio.timeout(self.pod["spec"].get("activeDeadlineSeconds")), asyncio.TaskGroup() as tasks:
                await self._run_containers(tasks)
        except TimeoutError:
            self._failed = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")

    async def _run_containers(self, tasks: asyncio.TaskGroup) -> None:
        background_tasks = [tasks.create_task(self.resources.keep_current(self.warn))]
        for item in self.containers:
            if item.role is Role.SIDECAR:
                background_tasks.append(tasks.create_task(item.supervise()))
                await self._until_started(item)
            elif item.role is Role.INIT:
                await item.supervise()
                if not item.ready:
                    break
        else:
            self._initialized = True
            self.changed()
            main = [tasks.create_task(item.supervise()) for item in self.containers if item.role is Role.MAIN]
            await asyncio.gather(*main)
        for task in background_tasks:
            task.cancel()

    async def _until_started(self, sidecar: Container) -> None:
        version = self._progress.version
        while not sidecar.started:
            await self._progress.after(version)
            version = self._progress.version

    async def _end(self, grace: GracePeriod) -> None:
        """Stop everything: sidecars last, in the reverse of their order."""
        others = [item for item in self.containers if item.role is not Role.SIDECAR]
        await asyncio.gather(*(item.terminate(grace) for item in others))
        for item in reversed([item for item in self.containers if item.role is Role.SIDECAR]):
            await item.terminate(grace)

    def _status(self) -> dict[str, Any]:
        overall = Overall(
            address=self.resources.address,
            start_time=self._start_time,
            network_ready=self.resources.network is not None,
            initialized=self._initialized,
            failed=self._failed,
        )
        return pod_status.compute(self.pod, self.containers, overall, self._conditions)


def _containers(pod: dict[str, Any], worker: PodWorker) -> list[Container]:
    policy = pod["spec"].get("restartPolicy", "Always")
    made = []
    for spec in pod["spec"].get("initContainers") or []:
        role = Role.SIDECAR if spec.get("restartPolicy") == "Always" else Role.INIT
        made.append(Container(spec, role, worker, policy))
    return made + [Container(spec, Role.MAIN, worker, policy) for spec in pod["spec"]["containers"]]


def _recover(containers: list[Container], recorded: dict[str, Any]) -> None:
    statuses = {
        item["name"]: item for key in ("containerStatuses", "initContainerStatuses") for item in recorded.get(key) or []
    }
    for container in containers:
        if container.name in statuses:
            container.recover(statuses[container.name])
