# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Process 1 of a sandbox: makes the node's mounts, starts the components in order, restarts those that end.

The kernel kills everything below when this process ends. It is started by the keeper, in the node's network namespace
and as the first process of a new pid namespace.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import logging
import os
import select
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sandbox import control_plane, linux
from sandbox import layout as addresses
from sandbox.apiserver import ApiServer
from sandbox.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.control_plane import Component

_ASK_AGAIN_SECONDS: Final = 0.05
_STAGE_SECONDS: Final = 60.0
_FIRST_BACKOFF_SECONDS: Final = 0.5
_LONGEST_BACKOFF_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 60.0

_log = logging.getLogger("node")


class StartError(Exception):
    """A component did not become ready."""

    def __init__(self, component: str, reason: str) -> None:
        super().__init__(reason)
        self.component = component
        self.reason = reason


@dataclass(slots=True)
class _Supervised:
    """A component, its process while it has one, and when to start it again (monotonic seconds)."""

    component: Component
    inherited: tuple[int, ...]
    process: int | None = None
    started: float = 0.0
    backoff: float = _FIRST_BACKOFF_SECONDS
    due: float = 0.0
    ended: str = ""


@dataclass(slots=True)
class Supervisor:
    """Starts components and restarts them with a growing delay; reaps every process that ends below process 1."""

    layout: Layout
    _wakeup: int = field(init=False)
    _components: dict[str, _Supervised] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._wakeup, written = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def start(self, component: Component, inherited: tuple[int, ...] = ()) -> None:
        """Start a component; `inherited` file descriptors keep their numbers in it."""
        self._components[component.name] = supervised = _Supervised(component, inherited)
        self._spawn(supervised)

    def _spawn(self, supervised: _Supervised) -> None:
        component = supervised.component
        output = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(self.layout.log(component.name)), output, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            *((os.POSIX_SPAWN_DUP2, fd, fd) for fd in supervised.inherited),
        ]
        supervised.process = os.posix_spawn(
            component.command[0],
            component.command,
            os.environ,
            file_actions=actions,
            setsigdef=[signal.SIGPIPE],  # Python ignores it, and that would be inherited
        )
        supervised.started = time.monotonic()
        _log.info("%s started, process %d", component.name, supervised.process)

    def wait(self, seconds: float | None) -> None:
        """Wait for a process to end, at most so long; then reap, and start again what is due."""
        due = [item.due for item in self._components.values() if item.process is None]
        if due:
            until_due = max(0.0, min(due) - time.monotonic())
            seconds = until_due if seconds is None else min(seconds, until_due)
        poller = select.poll()
        poller.register(self._wakeup, select.POLLIN)
        poller.poll(None if seconds is None else seconds * 1000)
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wakeup, 4096):
                pass
        self._reap()
        now = time.monotonic()
        for item in self._components.values():
            if item.process is None and item.due <= now:
                self._spawn(item)

    def _reap(self) -> None:
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if process == 0:
                return
            for item in self._components.values():
                if item.process == process:
                    self._ended(item, os.waitstatus_to_exitcode(status))

    def _ended(self, item: _Supervised, code: int) -> None:
        item.ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        item.process = None
        now = time.monotonic()
        if now - item.started > _STEADY_SECONDS:
            item.backoff = _FIRST_BACKOFF_SECONDS
        item.due = now + item.backoff
        _log.warning("%s %s; starting it again in %.1f s", item.component.name, item.ended, item.backoff)
        item.backoff = min(item.backoff * 2, _LONGEST_BACKOFF_SECONDS)

    def wait_until(self, name: str, objection: Callable[[], str]) -> None:
        """Ask until nothing is in the way of a component any more.

        Raises StartError when it ends before, or does not get there in time.
        """
        deadline = time.monotonic() + _STAGE_SECONDS
        item = self._components[name]
        while reason := objection():
            if item.ended:
                raise StartError(name, f"{name} {item.ended} before it was ready")
            if time.monotonic() > deadline:
                raise StartError(name, f"{name} was not ready after {_STAGE_SECONDS:.0f} s: {reason}")
            self.wait(_ASK_AGAIN_SECONDS)


class Progress:
    """Lines for the command that started the sandbox; nobody may be listening."""

    def __init__(self, fd: int) -> None:
        self._file = os.fdopen(fd, "w", encoding="utf-8")

    def send(self, **event: str) -> None:
        """One event: `ready` names what is ready, `failed` a component with a `reason`, `up` ends the list."""
        with contextlib.suppress(BrokenPipeError):
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Nothing more will be said."""
        with contextlib.suppress(BrokenPipeError):
            self._file.close()


def _health_objection(port: int, path: str) -> str:
    """Why a health endpoint does not say 200; empty when it does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error)
    finally:
        connection.close()
    return "" if status == http.client.OK else f"port {port} answers {status}"


def _node_objection(api: ApiServer) -> str:
    """Why no Pod would run: the node is not Ready, or has the taint that its controller takes away a moment later."""
    node = api.read(f"/api/v1/nodes/{addresses.NODE_NAME}")
    if node is None:
        return "the node is not registered"
    conditions = {item["type"]: item["status"] for item in node["status"].get("conditions", [])}
    if conditions.get("Ready") != "True":
        return "the node is not Ready"
    return "the node is tainted" if node["spec"].get("taints") else ""


def _controllers_objection(api: ApiServer) -> str:
    """Why Pods would be refused: the first thing that the controllers make is not there."""
    made = api.read("/api/v1/namespaces/default/serviceaccounts/default")
    return "" if made is not None else "there is no service account default/default"


def bring_up(layout: Layout, supervisor: Supervisor, progress: Progress, agent_channel: int) -> None:
    """Start everything; raises StartError."""
    api = ApiServer(addresses.API_PORT, layout.pki)
    control_plane.write_kubeconfigs(layout)
    supervisor.start(control_plane.etcd(layout))
    supervisor.start(control_plane.kube_apiserver(layout))
    supervisor.wait_until("etcd", lambda: _health_objection(control_plane.ETCD_PORT, "/health"))
    progress.send(ready="etcd")
    supervisor.wait_until("kube-apiserver", api.objection)
    progress.send(ready="API server")
    supervisor.start(control_plane.kube_controller_manager(layout))
    supervisor.start(control_plane.agent(layout, agent_channel), inherited=(agent_channel,))
    supervisor.start(control_plane.kube_proxy(layout))
    supervisor.start(control_plane.kube_scheduler(layout))
    supervisor.wait_until("kube-controller-manager", lambda: _controllers_objection(api))
    progress.send(ready="controllers")
    supervisor.wait_until("kube-proxy", lambda: _health_objection(control_plane.KUBE_PROXY_HEALTH_PORT, "/healthz"))
    progress.send(ready="Service addresses")
    supervisor.wait_until("agent", lambda: _node_objection(api))
    progress.send(ready="node")


def make_mounts(layout: Layout) -> None:
    """Give the node its own view of the file system: nothing of it is seen by the host, or left behind."""
    linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWUTS | linux.CLONE_NEWIPC)
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("proc", "/proc", "proc")
    linux.mount("sysfs", "/sys", "sysfs")
    linux.sethostname(addresses.NODE_NAME)
    # The host's name server is not reachable from here; cluster names are.
    resolver = layout.root / "resolv.conf"
    resolver.write_text(f"nameserver {addresses.NODE_ADDRESS}\n", encoding="ascii")
    hosts_resolver = Path("/etc/resolv.conf").resolve()
    if hosts_resolver.exists():
        linux.mount(str(resolver), str(hosts_resolver), None, linux.MS_BIND)
    # Secrets and tokens of Pods never touch the disk.
    layout.pods.mkdir(mode=0o755, exist_ok=True)
    linux.mount("tmpfs", str(layout.pods), "tmpfs", linux.MS_NOSUID, "mode=755")


def _keeper_is_gone(agent_channel: int) -> bool:
    poller = select.poll()
    poller.register(agent_channel, 0)
    return any(mask & select.POLLHUP for _, mask in poller.poll(0))


def main() -> None:
    """Bring the node up and keep it up; ends with 1 when that fails."""
    linux.die_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--events", type=int, required=True, help="an inherited file descriptor")
    parser.add_argument("--agent-channel", type=int, required=True, help="an inherited file descriptor")
    arguments = parser.parse_args()
    if _keeper_is_gone(arguments.agent_channel):
        sys.exit("the keeper ended before the node had started")
    for fd in (arguments.events, arguments.agent_channel):
        os.set_inheritable(fd, False)
    # Whatever the user's is: containers of any user read the volumes that are made below.
    os.umask(0o022)
    layout = Layout.of(arguments.name)
    make_mounts(layout)
    os.chdir(layout.root)
    progress = Progress(arguments.events)
    supervisor = Supervisor(layout)
    try:
        bring_up(layout, supervisor, progress, arguments.agent_channel)
    except StartError as error:
        progress.send(failed=error.component, reason=error.reason)
        sys.exit(f"{error.component}: {error.reason}")
    progress.send(up=layout.name)
    progress.close()
    while True:
        supervisor.wait(None)


if __name__ == "__main__":
    main()
