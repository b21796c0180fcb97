# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a worker for each Pod that is bound to the node, and ends it when the Pod goes."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING, Any

from sandbox import layout
from sandbox.agent import background
from sandbox.agent.api import path_of
from sandbox.agent.informer import Informer, key_of
from sandbox.agent.pod_status import is_over
from sandbox.agent.pod_worker import PodWorker

if TYPE_CHECKING:
    from sandbox.agent.configuration import Reference
    from sandbox.agent.node_context import NodeContext

_log = logging.getLogger(__name__)


class PodManager:
    """The Pods of the node."""

    def __init__(self, node: NodeContext) -> None:
        self._node = node
        self._workers: dict[str, PodWorker] = {}
        self.informer = Informer(node.api, path_of("v1/pods"), f"fieldSelector=spec.nodeName%3D{layout.NODE_NAME}")
        node.configuration.subscribe(self._configuration_changed)

    async def run(self) -> None:
        """Wait until everything is known that Pods refer to, then follow the Pods."""
        await self._node.configuration.synced()
        await self._node.services.synced.wait()
        await self.informer.synced.wait()
        self._remove_remains()
        for pod in self.informer.items.values():
            self._reserve_address(pod)
        self.informer.subscribe(self._pod_changed)

    def _remove_remains(self) -> None:
        """Volumes and logs of Pods that went while no agent was there."""
        alive = {pod["metadata"]["uid"] for pod in self.informer.items.values()}
        for folder in [*self._node.layout.pods.iterdir(), *self._node.layout.pod_logs.iterdir()]:
            if folder.name.rpartition("_")[2] not in alive:
                shutil.rmtree(folder, ignore_errors=True)

    def _reserve_address(self, pod: dict[str, Any]) -> None:
        """A Pod that ran before keeps its address: no other may get it in between."""
        address = (pod.get("status") or {}).get("podIP")
        if address and not is_over(pod) and address in self._node.addresses:
            self._node.addresses.reserve(address)

    def find(self, namespace: str, name: str) -> PodWorker | None:
        """The worker of a Pod that is there, also if it has finished."""
        pod = self.informer.items.get((namespace, name))
        return None if pod is None else self._workers.get(pod["metadata"]["uid"])

    def _configuration_changed(self, reference: Reference) -> None:
        for worker in self._workers.values():
            worker.notice(reference)

    def _pod_changed(self, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        pod = new or old
        if pod is None:
            return
        worker = self._workers.get(pod["metadata"]["uid"])
        if new is None:
            if worker is not None:
                if not worker.over:
                    worker.delete(0)
                self._forget(worker)
        elif worker is not None:
            worker.update(new)
        else:
            self._adopt(new)

    def _adopt(self, pod: dict[str, Any]) -> None:
        worker = PodWorker(self._node, pod)
        self._workers[worker.uid] = worker
        worker.update(pod)
        if not is_over(pod):
            _log.info("starting Pod %s/%s", *key_of(pod))
            background.start(worker.run())

    def _forget(self, worker: PodWorker) -> None:
        self._workers.pop(worker.uid, None)
        worker.resources.remove_logs()
