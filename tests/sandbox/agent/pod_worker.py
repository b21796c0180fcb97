# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Pod from the moment it is bound to the node until it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import time
from typing import TYPE_CHECKING, Any, Final

from sandbox import image as images
from sandbox import layout as addresses
from sandbox.agent import background, launch, pod_status
from sandbox.agent.addresses import NoAddressError
from sandbox.agent.api import NO_ANSWER, STRATEGIC_MERGE_PATCH, ApiError, path_of
from sandbox.agent.configuration import MissingError
from sandbox.agent.container import Container, Role
from sandbox.agent.downward import UnknownFieldError
from sandbox.agent.environment import EnvironmentBuilder, services_for
from sandbox.agent.events import timestamp
from sandbox.agent.log_files import LogFile
from sandbox.agent.pod_network import PodNetwork
from sandbox.agent.pod_status import Conditions, Overall
from sandbox.agent.references import references
from sandbox.agent.run import Setup
from sandbox.agent.tokens import Tokens
from sandbox.agent.volumes import VolumeError, Volumes
from sandbox.agent.waiting import GracePeriod, Pulse, first_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sandbox.agent.configuration import Reference
    from sandbox.agent.node_context import NodeContext

_RETRY_SECONDS: Final = 10.0
_PUSH_RETRY_SECONDS: Final = 0.5
_DEFAULT_GRACE_SECONDS: Final = 30
_CONCLUDING_ATTEMPTS: Final = 120
_GONE: Final = (404, 409)
_CANNOT_SET_UP: Final = (MissingError, VolumeError, UnknownFieldError, NoAddressError, ApiError, *NO_ANSWER)
_KEPT_LOGS: Final = 2

_log = logging.getLogger(__name__)


class PodWorker:
    """Runs one Pod; `run()` ends when the Pod is gone from the API server or finished."""

    def __init__(self, node: NodeContext, pod: dict[str, Any]) -> None:
        self._node = node
        self.pod = pod
        metadata = pod["metadata"]
        self.key = (metadata["namespace"], metadata["name"])
        self.uid: str = metadata["uid"]
        self._folder: Path = node.layout.pods / self.uid
        self.logs: Path = node.layout.pod_logs / f"{metadata['namespace']}_{metadata['name']}_{self.uid}"
        recorded = pod.get("status") or {}
        self._start_time: str = recorded.get("startTime") or timestamp()
        self._conditions = Conditions()
        self._conditions.recover(recorded)
        self._recorded_address: str | None = recorded.get("podIP")
        self.containers = _containers(pod, self)
        _recover(self.containers, recorded)
        self.references = references(pod)
        self.network: PodNetwork | None = None
        self._address: str | None = None
        self._volumes: Volumes | None = None
        self._tokens = Tokens(node.api, pod)
        self._initialized = False
        self._failed: tuple[str, str] | None = None
        self.configuration = Pulse()
        self._progress = Pulse()
        self._deletion = asyncio.Event()
        self.over = pod_status.is_over(pod)
        self._grace: GracePeriod | None = None
        self._published: dict[str, Any] | None = None

    # --- what the rest of the agent tells

    def update(self, pod: dict[str, Any]) -> None:
        """The Pod has changed."""
        self.pod = pod
        metadata = pod["metadata"]
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
            background.start(self._conclude())
        self._deletion.set()

    def notice(self, reference: Reference) -> None:
        """A ConfigMap or Secret has changed."""
        if reference in self.references:
            self.configuration.beat()

    # --- what containers need (Surroundings)

    def changed(self) -> None:
        """Have the status sent."""
        self._progress.beat()

    def normal(self, reason: str, message: str) -> None:
        """Record an event."""
        self._node.events.normal(self.pod, reason, message)

    def warn(self, reason: str, message: str) -> None:
        """Record a warning."""
        self._node.events.warning(self.pod, reason, message)

    async def prepare(self, container: Container) -> Setup:
        """Everything for the next run of a container."""
        if self.network is None or self._address is None or self._volumes is None:
            raise RuntimeError(f"Pod {self.key} has no network yet")
        image = await asyncio.to_thread(images.find, container.spec["image"])
        builder = EnvironmentBuilder(
            self._node.configuration, self.pod, self._address, services_for(self.pod, self._node.services.items)
        )
        environment = await builder.build(container.spec, image.environment)
        folder = self._folder / "containers" / container.name
        base = folder / "root"
        base.mkdir(parents=True, exist_ok=True)
        who = launch.identity(self.pod, container.spec, image)
        files = launch.Files(
            base=base,
            termination_log=_empty_file(folder / "termination-log"),
            etc=launch.etc_files(self.pod, self._address, who.user, who.group),
        )
        return Setup(
            container=container.spec,
            description=launch.describe(
                self.pod, container.spec, image, environment, volumes=self._volumes, files=files
            ),
            namespaces=self.network.namespaces,
            address=self._address,
            stop_signal=launch.stop_signal(container.spec, image),
            log=self._new_log(container),
            termination_log=files.termination_log,
            notify=self.changed,
            warn=self.warn,
        )

    def log_path(self, container: str, restart: int) -> Path:
        """The log of one run of a container."""
        return self.logs / container / f"{restart}.log"

    def _new_log(self, container: Container) -> LogFile:
        outdated = self.log_path(container.name, container.restarts - _KEPT_LOGS)
        for path in (outdated, outdated.with_name(outdated.name + ".1")):
            path.unlink(missing_ok=True)
        return LogFile(self.log_path(container.name, container.restarts))

    # --- the life of the Pod

    async def run(self) -> None:
        """From start to end."""
        publishing = asyncio.create_task(self._publish())
        try:
            await first_of(self._live(), self._deletion.wait())
            if self._grace is None:
                self._grace = GracePeriod(self._own_grace())
            await self._end(self._grace)
        finally:
            publishing.cancel()
            self._release()
        self.over = True
        await self._conclude()

    def _own_grace(self) -> float:
        seconds: float = self.pod["spec"].get("terminationGracePeriodSeconds", _DEFAULT_GRACE_SECONDS)
        return seconds

    async def _live(self) -> None:
        """Run all containers; returns when all have ended for good, or the Pod's deadline is over."""
        await self._retried("FailedCreatePodSandBox", self._set_up_network)
        await self._retried("FailedMount", self._set_up_volumes)
        try:
            async with asyncio.timeout(self.pod["spec"].get("activeDeadlineSeconds")), asyncio.TaskGroup() as tasks:
                await self._run_containers(tasks)
        except TimeoutError:
            self._failed = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")

    async def _retried(self, reason: str, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            version = self.configuration.version
            try:
                await step()
            except _CANNOT_SET_UP as error:
                self.warn(reason, str(error))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_RETRY_SECONDS):
                        await self.configuration.after(version)
            else:
                self.changed()
                return

    async def _set_up_network(self) -> None:
        spec = self.pod["spec"]
        name = launch.hostname(self.pod)
        if spec.get("hostNetwork"):
            self.network, self._address = PodNetwork.of_node(name), addresses.NODE_ADDRESS
            return
        sysctls = {item["name"]: item["value"] for item in (spec.get("securityContext") or {}).get("sysctls") or []}
        address = self._node.addresses.take(self._recorded_address)
        try:
            self.network = PodNetwork.create(address, name, sysctls)
        except OSError:
            self._node.addresses.give_back(address)
            raise
        self._address = address

    async def _set_up_volumes(self) -> None:
        if self._address is None:
            raise RuntimeError(f"Pod {self.key} has no address yet")
        volumes = Volumes(self.pod, self._address, self._folder / "volumes", self._node.configuration, self._tokens)
        await volumes.sync()
        self._volumes = volumes

    async def _run_containers(self, tasks: asyncio.TaskGroup) -> None:
        background = [tasks.create_task(self._keep_volumes_current())]
        for item in self.containers:
            if item.role is Role.SIDECAR:
                background.append(tasks.create_task(item.supervise()))
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
        for task in background:
            task.cancel()

    async def _until_started(self, sidecar: Container) -> None:
        version = self._progress.version
        while not sidecar.started:
            await self._progress.after(version)
            version = self._progress.version

    async def _keep_volumes_current(self) -> None:
        """Bring changes of ConfigMaps and Secrets, and new tokens, to the files."""
        if self._volumes is None:
            raise RuntimeError(f"Pod {self.key} has no volumes yet")
        while True:
            version = self.configuration.version
            delay = None
            try:
                await self._volumes.sync()
                renewal = self._tokens.next_renewal()
                delay = None if renewal is None else max(0.0, renewal - time.monotonic())
            except _CANNOT_SET_UP as error:
                self.warn("FailedMount", str(error))
                delay = _RETRY_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self.configuration.after(version)

    # --- the end

    async def _end(self, grace: GracePeriod) -> None:
        """Stop everything: sidecars last, in the reverse of their order."""
        others = [item for item in self.containers if item.role is not Role.SIDECAR]
        await asyncio.gather(*(item.terminate(grace) for item in others))
        for item in reversed([item for item in self.containers if item.role is Role.SIDECAR]):
            await item.terminate(grace)

    def _release(self) -> None:
        """Give back what the Pod had of the node; its logs stay until the Pod is gone from the API server."""
        for item in self.containers:
            item.kill()
        if self.network is not None:
            self.network.close()
            self.network = None
        if self._address is not None and not self.pod["spec"].get("hostNetwork"):
            self._node.addresses.give_back(self._address)
        shutil.rmtree(self._folder, ignore_errors=True)

    def remove_logs(self) -> None:
        """The Pod is gone."""
        shutil.rmtree(self.logs, ignore_errors=True)

    async def _conclude(self) -> None:
        """Send the last status, and remove the Pod from the API server if its deletion was asked for."""
        for _ in range(_CONCLUDING_ATTEMPTS):
            try:
                if self._published is not None:
                    await self._push()
                if self._deletion.is_set():
                    await self._remove_from_api()
            except (ApiError, *NO_ANSWER) as error:
                if isinstance(error, ApiError) and error.status in _GONE:
                    return
                _log.warning("%s/%s: %s", *self.key, error)
                await asyncio.sleep(_PUSH_RETRY_SECONDS)
            else:
                return

    async def _remove_from_api(self) -> None:
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": self.uid},
        }
        await self._node.api.delete(path_of("v1/pods", *self.key), options)

    # --- status

    async def _publish(self) -> None:
        """Send the status whenever it has changed, until the Pod is gone."""
        version = -1
        while True:
            await self._progress.after(version)
            version = self._progress.version
            try:
                await self._push()
            except (ApiError, *NO_ANSWER) as error:
                if isinstance(error, ApiError) and error.status in _GONE:
                    return
                _log.warning("%s/%s: status: %s", *self.key, error)
                await asyncio.sleep(_PUSH_RETRY_SECONDS)
                self._progress.beat()

    async def _push(self) -> None:
        overall = Overall(
            address=self._address,
            start_time=self._start_time,
            network_ready=self.network is not None,
            initialized=self._initialized,
            failed=self._failed,
        )
        status = pod_status.compute(self.pod, self.containers, overall, self._conditions)
        if status == self._published:
            return
        body = {"metadata": {"uid": self.uid}, "status": status}
        await self._node.api.patch(path_of("v1/pods", *self.key, "status"), body, STRATEGIC_MERGE_PATCH)
        self._published = status


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


def _empty_file(path: Path) -> Path:
    """A file that any user of the container may write."""
    path.write_bytes(b"")
    path.chmod(0o666)
    return path
