# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m sandbox.agent NAME --channel FD`: started by process 1 of the node, in the node's namespaces."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import socket
import sys
from typing import Protocol

from sandbox import layout as addresses
from sandbox import linux
from sandbox.agent import dns_server
from sandbox.agent.addresses import AddressPool
from sandbox.agent.api import Api, path_of
from sandbox.agent.configuration import Configuration
from sandbox.agent.dns_server import ClusterNames
from sandbox.agent.events import EventRecorder
from sandbox.agent.informer import Informer
from sandbox.agent.kubelet_server import KubeletServer
from sandbox.agent.load_balancers import LoadBalancers
from sandbox.agent.node_context import NodeContext
from sandbox.agent.node_registration import NodeRegistration
from sandbox.agent.pod_manager import PodManager
from sandbox.layout import Layout


class _Part(Protocol):
    async def run(self) -> None:
        """Do its work for ever, or until that is done."""


async def run(layout: Layout, keeper: socket.socket) -> None:
    """Be the node until the process is killed."""
    layout.pod_logs.mkdir(mode=0o755, exist_ok=True)
    async with Api(f"https://127.0.0.1:{addresses.API_PORT}", layout.pki, "agent") as api:
        services = Informer(api, path_of("v1/services"))
        slices = Informer(api, path_of("discovery.k8s.io/v1/endpointslices"))
        node = NodeContext(
            layout=layout,
            api=api,
            configuration=Configuration(api),
            services=services,
            events=EventRecorder(api),
            addresses=AddressPool(addresses.FIRST_POD_ADDRESS, addresses.LAST_POD_ADDRESS),
        )
        pods = PodManager(node)
        async with asyncio.TaskGroup() as tasks:
            parts: tuple[_Part, ...] = (
                NodeRegistration(api),
                services,
                slices,
                *node.configuration.informers.values(),
                node.events,
                pods.informer,
                pods,
                LoadBalancers(api, services, keeper),
                KubeletServer(pods, layout.pki),
            )
            for part in parts:
                tasks.create_task(part.run())
            tasks.create_task(dns_server.serve(addresses.NODE_ADDRESS, ClusterNames(services, slices)))


def main() -> None:
    """Run; the log goes to standard error."""
    linux.die_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--channel", type=int, required=True, help="an inherited socket that leads to the keeper")
    arguments = parser.parse_args()
    os.set_inheritable(arguments.channel, False)
    keeper = socket.socket(fileno=arguments.channel)
    keeper.setblocking(False)
    asyncio.run(run(Layout.of(arguments.name), keeper))


if __name__ == "__main__":
    main()
