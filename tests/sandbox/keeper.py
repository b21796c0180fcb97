# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The top process of a sandbox: it owns the network namespaces and the loopback ports, and everything dies with it.

keeper -> node (process 1 of a pid namespace) -> control plane, agent -> containers. The kernel kills the node when
the keeper ends, in whatever way, and the rest with the node. The sweeper removes the files after that.

Until the command that started it says "keep", the keeper ends when that command ends: no half a sandbox stays.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from sandbox import interpreter, namespaces, topology
from sandbox.endpoints import Endpoints
from sandbox.layout import Layout
from sandbox.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST_MESSAGE: Final = 1024 * 1024

_log = logging.getLogger("keeper")


def _start_sweeper(layout: Layout, lock: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        interpreter.module_command("sandbox.sweeper", str(layout.root)),
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        text=True,
        pass_fds=[lock],
        start_new_session=True,
    )


def _start_node(layout: Layout, network: int, events: int, agent_channel: int) -> subprocess.Popen[bytes]:
    """Start process 1 of the node; it has the kernel kill it when this thread ends."""
    command = interpreter.module_command(
        "sandbox.node", layout.name, f"--events={events}", f"--agent-channel={agent_channel}"
    )
    with (
        layout.log("node").open("ab") as log,
        namespaces.entered(network, "net"),
        namespaces.new_pid_namespace(),
    ):
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[events, agent_channel]
        )


class _Keeper:
    """The event loop's part: forwards, the agent's messages, and the ends of the others."""

    def __init__(self, endpoints: Endpoints, mark_ready: Callable[[], None]) -> None:
        self._endpoints = endpoints
        self._mark_ready = mark_ready
        self._over = asyncio.get_running_loop().create_future()

    def stop(self, reason: str) -> None:
        """End the keeper, and with it the sandbox."""
        if not self._over.done():
            _log.info("ending: %s", reason)
            self._over.set_result(None)

    async def follow_agent(self, channel: socket.socket) -> None:
        """Take the list of load balancers from the agent; it sends the whole list whenever it changed."""
        loop = asyncio.get_running_loop()
        channel.setblocking(False)
        while data := await loop.sock_recv(channel, _LARGEST_MESSAGE):
            message: dict[str, Any] = json.loads(data)
            self._endpoints.update(message["services"])

    async def follow_starter(self, lifeline: int) -> None:
        """Wait for the starting command's word; without it, end."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(lifeline, "rb")
        )
        word = await reader.readline()
        transport.close()
        if word.strip() == b"keep":
            self._mark_ready()
        else:
            self.stop("the command that started the sandbox has ended before the sandbox was ready")

    async def run(self, node: int, agent_channel: socket.socket, lifeline: int) -> None:
        """Serve until the node ends or a signal arrives."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop, signal.Signals(number).name)
        node_end = os.pidfd_open(node)
        loop.add_reader(node_end, self.stop, "the node has ended")
        async with asyncio.TaskGroup() as tasks:
            followers = [
                tasks.create_task(self.follow_agent(agent_channel)),
                tasks.create_task(self.follow_starter(lifeline)),
            ]
            await self._over
            for follower in followers:
                follower.cancel()


def _raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    for option in ("lock", "api-listener", "events", "lifeline"):
        parser.add_argument(f"--{option}", type=int, required=True, help="an inherited file descriptor")
    return parser.parse_args()


async def _serve(layout: Layout, arguments: argparse.Namespace) -> None:
    sweeper = _start_sweeper(layout, arguments.lock)
    os.write(arguments.events, json.dumps({"sweeper": sweeper.pid}).encode() + b"\n")
    client, network = namespaces.create("net"), namespaces.create("net")
    topology.configure(network, client)
    # Keeps messages whole: an agent that is killed while it sends leaves no half of one.
    keeper_end, agent_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    node = _start_node(layout, network, arguments.events, agent_end.fileno())
    agent_end.close()
    os.close(arguments.events)
    if sweeper.stdin is None:
        raise RuntimeError("the sweeper was started without a pipe")
    sweeper.stdin.write(f"{node.pid}\n")
    sweeper.stdin.flush()

    api = socket.socket(fileno=arguments.api_listener)
    first_port = api.getsockname()[1]

    def write_state(*, ready: bool) -> None:
        State(os.getpid(), sweeper.pid, node.pid, client, first_port, ready).write(layout)

    write_state(ready=False)
    keeper = _Keeper(Endpoints(layout, first_port, api, network, client), mark_ready=lambda: write_state(ready=True))
    await keeper.run(node.pid, keeper_end, arguments.lifeline)


def main() -> None:
    """Run until the node ends or a signal arrives."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
    arguments = _arguments()
    _raise_file_limit()
    asyncio.run(_serve(Layout.of(arguments.name), arguments))


if __name__ == "__main__":
    main()
