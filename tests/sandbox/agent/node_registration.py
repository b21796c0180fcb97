# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Node object, and the Lease that says that the node is alive."""

from __future__ import annotations

import asyncio
import datetime
import logging
import os
import platform
from typing import TYPE_CHECKING, Any, Final

from sandbox import layout
from sandbox.agent.api import NO_ANSWER, ApiError, path_of
from sandbox.agent.events import timestamp
from sandbox.agent.retry import GrowingDelay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.agent.api import Api

_LEASES: Final = "coordination.k8s.io/v1/leases"
_LEASE_NAMESPACE: Final = "kube-node-lease"
_LEASE_SECONDS: Final = 40
_RENEWAL_SECONDS: Final = 10.0
# More than there is, so that everything is scheduled: the sandbox limits nothing.
_CAPACITY: Final = {"cpu": "64", "memory": "256Gi", "pods": "500", "ephemeral-storage": "1Ti"}
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}

_log = logging.getLogger(__name__)


def _condition(kind: str, status: str, reason: str) -> dict[str, str]:
    now = timestamp()
    return {"type": kind, "status": status, "reason": reason, "lastHeartbeatTime": now, "lastTransitionTime": now}


def node_object(version: str) -> dict[str, Any]:
    """The Node, with the version of the API server as the kubelet's."""
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    labels = {
        "kubernetes.io/hostname": layout.NODE_NAME,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": layout.NODE_NAME, "labels": labels},
        "spec": {},
        "status": {
            "capacity": _CAPACITY,
            "allocatable": _CAPACITY,
            "addresses": [
                {"type": "InternalIP", "address": layout.NODE_ADDRESS},
                {"type": "Hostname", "address": layout.NODE_NAME},
            ],
            "conditions": [
                _condition("Ready", "True", "AgentReady"),
                _condition("MemoryPressure", "False", "NotLimited"),
                _condition("DiskPressure", "False", "NotLimited"),
                _condition("PIDPressure", "False", "NotLimited"),
            ],
            # exec and port-forward arrive as WebSockets (KEP-4006), which is all that the agent serves for exec.
            "declaredFeatures": ["ExtendWebSocketsToKubelet"],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": layout.KUBELET_PORT}},
            "nodeInfo": {
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": os.uname().release,
                "osImage": "sandbox",
                "containerRuntimeVersion": "sandbox://1",
                "kubeletVersion": version,
                "kubeProxyVersion": version,
                "operatingSystem": "linux",
                "architecture": architecture,
            },
        },
    }


class NodeRegistration:
    """Registers the node and keeps it alive in the eyes of the node lifecycle controller."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def run(self) -> None:
        """Register, then renew the Lease for ever."""
        await self._until_done(self._register)
        while True:
            await self._until_done(self._renew)
            await asyncio.sleep(_RENEWAL_SECONDS)

    async def _until_done(self, step: Callable[[], Awaitable[None]]) -> None:
        delay = GrowingDelay()
        while True:
            try:
                await step()
            except (ApiError, *NO_ANSWER) as error:
                _log.warning("node: %s", error)
                await asyncio.sleep(delay.next())
            else:
                return

    async def _register(self) -> None:
        version = (await self._api.get("/version"))["gitVersion"]
        node = node_object(version)
        try:
            await self._api.create(path_of("v1/nodes"), node)
        except ApiError as error:
            if error.status != 409:
                raise
            # An agent before this one has registered it.
            status = {"status": node["status"]}
            await self._api.patch(path_of("v1/nodes", name=layout.NODE_NAME, subresource="status"), status)
        _log.info("node registered, version %s", version)

    async def _renew(self) -> None:
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {"holderIdentity": layout.NODE_NAME, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": now}
        try:
            await self._api.patch(path_of(_LEASES, _LEASE_NAMESPACE, layout.NODE_NAME), {"spec": spec})
        except ApiError as error:
            if error.status != 404:
                raise
            await self._api.create(
                path_of(_LEASES, _LEASE_NAMESPACE),
                {"metadata": {"name": layout.NODE_NAME, "namespace": _LEASE_NAMESPACE}, "spec": spec},
            )
