# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Pod has of the node: an address with its namespaces, and a folder with its volumes."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from typing import TYPE_CHECKING, Any, Final

from sandbox import image as images
from sandbox import layout as addresses
from sandbox.agent import launch
from sandbox.agent.addresses import NoAddressError
from sandbox.agent.api import NO_ANSWER, ApiError
from sandbox.agent.configuration import MissingError
from sandbox.agent.downward import UnknownFieldError
from sandbox.agent.environment import EnvironmentBuilder, services_for
from sandbox.agent.log_files import LogFile
from sandbox.agent.pod_network import PodNetwork
from sandbox.agent.run import Setup
from sandbox.agent.tokens import Tokens
from sandbox.agent.volumes import VolumeError, Volumes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sandbox.agent.container import Container, Surroundings
    from sandbox.agent.node_context import NodeContext
    from sandbox.agent.waiting import Pulse

_RETRY_SECONDS: Final = 10.0
_CANNOT_SET_UP: Final = (MissingError, VolumeError, UnknownFieldError, NoAddressError, ApiError, *NO_ANSWER)
_KEPT_LOGS: Final = 2


class PodResources:
    """The resources of one Pod; release() gives them back."""

    def __init__(self, node: NodeContext, pod: dict[str, Any], configuration: Pulse) -> None:
        """`configuration` beats when something that the volumes are made of has changed."""
        self._node = node
        self._configuration = configuration
        self.pod = pod
        metadata = pod["metadata"]
        self._folder: Path = node.layout.pods / metadata["uid"]
        self._logs: Path = node.layout.pod_logs / f"{metadata['namespace']}_{metadata['name']}_{metadata['uid']}"
        self._tokens = Tokens(node.api, pod)
        self._volumes: Volumes | None = None
        self.network: PodNetwork | None = None
        self.address: str | None = None

    @property
    def _on_host(self) -> bool:
        return bool(self.pod["spec"].get("hostNetwork"))

    async def set_up(self, warn: Callable[[str, str], None], changed: Callable[[], None]) -> None:
        """Take an address and make the volumes, as soon as what they are made of is there."""
        await self._until_done("FailedCreatePodSandBox", self._set_up_network, warn)
        changed()
        await self._until_done("FailedMount", self._set_up_volumes, warn)
        changed()

    async def _until_done(
        self, reason: str, step: Callable[[], Awaitable[None]], warn: Callable[[str, str], None]
    ) -> None:
        while True:
            version = self._configuration.version
            try:
                await step()
            except _CANNOT_SET_UP as error:
                warn(reason, str(error))
                await self._wait(version, _RETRY_SECONDS)
            else:
                return

    async def _wait(self, version: int, seconds: float | None) -> None:
        """Wait for a change of the configuration after that version, or for some time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._configuration.after(version)

    async def _set_up_network(self) -> None:
        spec = self.pod["spec"]
        name = launch.hostname(self.pod)
        if self._on_host:
            self.network, self.address = PodNetwork.of_node(name), addresses.NODE_ADDRESS
            return
        sysctls = {item["name"]: item["value"] for item in (spec.get("securityContext") or {}).get("sysctls") or []}
        # An earlier agent's Pod goes on with the address it had.
        address = self._node.addresses.take((self.pod.get("status") or {}).get("podIP"))
        try:
            self.network = PodNetwork.create(address, name, sysctls)
        except OSError:
            self._node.addresses.give_back(address)
            raise
        self.address = address

    async def _set_up_volumes(self) -> None:
        if self.address is None:
            raise RuntimeError(f"Pod {self.pod['metadata']['name']} has no address yet")
        volumes = Volumes(self.pod, self.address, self._folder / "volumes", self._node.configuration, self._tokens)
        await volumes.sync()
        self._volumes = volumes

    async def keep_current(self, warn: Callable[[str, str], None]) -> None:
        """Bring changes of ConfigMaps, Secrets and labels, and new tokens, to the files, for ever."""
        while self._volumes is not None:
            version = self._configuration.version
            self._volumes.pod = self.pod
            try:
                await self._volumes.sync()
                renewal = self._tokens.next_renewal()
                pause = None if renewal is None else max(0.0, renewal - time.monotonic())
            except _CANNOT_SET_UP as error:
                warn("FailedMount", str(error))
                pause = _RETRY_SECONDS
            await self._wait(version, pause)

    async def prepare(self, container: Container, surroundings: Surroundings) -> Setup:
        """Everything for the next run of a container.

        Raises ImageError, MissingError, ConfigError, VolumeError, UnknownFieldError, ApiError, or one of NO_ANSWER.
        """
        if self.network is None or self.address is None or self._volumes is None:
            raise RuntimeError(f"Pod {self.pod['metadata']['name']} has not been set up")
        image = await asyncio.to_thread(images.find, container.spec["image"])
        services = services_for(self.pod, self._node.services.items)
        builder = EnvironmentBuilder(self._node.configuration, self.pod, self.address, services)
        environment = await builder.build(container.spec, image.environment)
        who = launch.identity(self.pod, container.spec, image)
        folder = self._folder / "containers" / container.name
        files = launch.Files(
            base=folder / "root",
            termination_log=folder / "termination-log",
            etc=launch.etc_files(self.pod, self.address, who.user, who.group),
        )
        _make_empty(files)
        return Setup(
            container=container.spec,
            description=launch.describe(
                self.pod, container.spec, image, environment, volumes=self._volumes, files=files
            ),
            namespaces=self.network.namespaces,
            address=self.address,
            stop_signal=launch.stop_signal(container.spec, image),
            log=self._new_log(container),
            termination_log=files.termination_log,
            notify=surroundings.changed,
            warn=surroundings.warn,
        )

    def log_path(self, container: str, restart: int) -> Path:
        """The log of one run of a container."""
        return self._logs / container / f"{restart}.log"

    def _new_log(self, container: Container) -> LogFile:
        outdated = LogFile(self.log_path(container.name, container.restarts - _KEPT_LOGS))
        for path in (outdated.path, outdated.rotated):
            path.unlink(missing_ok=True)
        return LogFile(self.log_path(container.name, container.restarts))

    def release(self) -> None:
        """Give back everything but the logs, which are there until the Pod is gone from the API server."""
        if self.network is not None:
            self.network.close()
            self.network = None
        if self.address is not None and not self._on_host:
            self._node.addresses.give_back(self.address)
        shutil.rmtree(self._folder, ignore_errors=True)

    def remove_logs(self) -> None:
        """The Pod is gone."""
        shutil.rmtree(self._logs, ignore_errors=True)


def _make_empty(files: launch.Files) -> None:
    files.base.mkdir(parents=True, exist_ok=True)
    files.termination_log.write_bytes(b"")
    files.termination_log.chmod(0o666)  # whatever user the container runs as
