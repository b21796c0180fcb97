# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m sandbox up NAME`: start a sandbox and wait until it is usable, or leave nothing."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final

from sandbox import down, ingress_nginx, interpreter, kubeconfig, pki, ports, state, sweeper
from sandbox.console import Console
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.state import State
from sandbox.toolchain import ToolchainError, asset, command_folder, locate

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

_COMPONENTS: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
_COMPONENTS_OF_INGRESS_NGINX: Final = ("kubectl", "nginx-ingress-controller")
_LOG_TAIL_LINES: Final = 25
_CONFIRM_SECONDS: Final = 5.0
_SWEEP_SECONDS: Final = 30.0


class StartFailedError(SandboxError):
    """The sandbox did not get up; the logs are kept."""


def check_requirements(more: tuple[str, ...] = ()) -> None:
    """Raise SandboxError that names everything this machine lacks; `more` are programs needed besides the usual."""
    missing = []
    if os.geteuid() != 0:
        missing.append("run it as root: namespaces, mounts and network devices need it")
    if shutil.which("nft") is None:
        missing.append("install the Debian package nftables: kube-proxy needs its nft command")
    for component in (*_COMPONENTS, *more):
        try:
            locate(component)
        except ToolchainError as error:
            missing.append(str(error))
    if missing:
        raise SandboxError("the sandbox cannot run here:\n  - " + "\n  - ".join(missing))


@contextlib.contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """SIGTERM and SIGHUP clean up as Ctrl-C does."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _prepare_files(layout: Layout, first_port: int) -> None:
    layout.logs.mkdir(mode=0o755)
    layout.etcd.mkdir(mode=0o700)
    pki.create(layout.pki)
    kubeconfig.write(
        layout.kubeconfig,
        context=layout.name,
        server=f"https://127.0.0.1:{first_port}",
        pki=layout.pki,
        identity="admin",
    )


def _link_istio(layout: Layout) -> None:
    """Give inventories fixed paths to the charts and commands that install Istio, where the toolchain has them."""
    sources: dict[Path, Callable[[], Path]] = {
        layout.charts: lambda: asset("istio-charts"),
        layout.commands: command_folder,
    }
    for link, source in sources.items():
        # A sandbox without Istio needs neither; who wants them is told by make setup.
        with contextlib.suppress(ToolchainError):
            link.symlink_to(source())


class _Starting:
    """A keeper on its way up: its process, what it says, and the pipe that lets it live on."""

    def __init__(self, layout: Layout, lock: int, api: socket.socket) -> None:
        self._layout = layout
        self._sweeper: int | None = None
        lifeline_read, self._lifeline = os.pipe()
        self._events, events_write = os.pipe()
        inherited = {
            "lock": lock,
            "api-listener": api.fileno(),
            "events": events_write,
            "lifeline": lifeline_read,
        }
        with layout.log("keeper").open("ab") as log:
            self.process = subprocess.Popen(
                interpreter.module_command(
                    "sandbox.keeper", layout.name, *(f"--{name}={fd}" for name, fd in inherited.items())
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=list(inherited.values()),
                start_new_session=True,
                cwd="/",
                env=interpreter.environment(),
            )
        os.close(events_write)
        os.close(lifeline_read)
        os.close(lock)
        api.close()

    def follow(self, deadline: float) -> Iterator[dict[str, Any]]:
        """What the keeper and the node report, until they stop or the deadline (monotonic seconds) passes."""
        poller = select.poll()
        poller.register(self._events, select.POLLIN)
        received = b""
        while poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
            chunk = os.read(self._events, 65536)
            if not chunk:
                return
            received += chunk
            *lines, received = received.split(b"\n")
            for line in lines:
                event = json.loads(line)
                if "sweeper" in event:
                    self._sweeper = event["sweeper"]
                else:
                    yield event

    def confirm(self) -> None:
        """Let the sandbox live on without this command; returns when the keeper has recorded that."""
        os.write(self._lifeline, b"keep\n")
        poller = select.poll()
        poller.register(self._lifeline, 0)  # an error is reported when the keeper has closed its end
        poller.poll(_CONFIRM_SECONDS * 1000)

    def abandon(self) -> None:
        """End what was started and wait until the sweeper has done its work; raises SandboxError when it does not."""
        self.process.kill()
        self.process.wait()
        if self._sweeper is not None and not state.wait_for_end(self._sweeper, _SWEEP_SECONDS):
            raise SandboxError(f"sandbox {self._layout.name}: something of it is left; look at {self._layout.logs}")


def _explain(layout: Layout, what: str, component: str) -> StartFailedError:
    """The error for a failed start, with the end of the log that explains it."""
    log = layout.log(component)
    tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_TAIL_LINES:] if log.exists() else []
    shown = "\n".join(f"    {line}" for line in tail)
    return StartFailedError(f"sandbox {layout.name}: {what}\n  the end of {log}:\n{shown}")


def _wait_until_up(layout: Layout, starting: _Starting, console: Console, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for event in starting.follow(deadline):
        if "ready" in event:
            console.say(f"{event['ready']} ready")
        elif "failed" in event:
            raise _explain(layout, event["reason"], event["failed"])
        else:
            starting.confirm()
            return
    if time.monotonic() < deadline:
        raise _explain(layout, "the sandbox ended while it was starting", "keeper")
    raise _explain(layout, f"not up after {seconds:.0f} s", "node")


def _start(layout: Layout, lock: int, console: Console, seconds: float) -> None:
    first_port, api = ports.reserve(layout.name)
    _prepare_files(layout, first_port)
    _link_istio(layout)
    starting = _Starting(layout, lock, api)
    try:
        _wait_until_up(layout, starting, console, seconds)
    except BaseException:
        starting.abandon()
        raise


def up(name: str, *, seconds: float, with_ingress_nginx: bool) -> None:
    """Start a sandbox unless it runs; raises SandboxError, and KeyboardInterrupt after removing everything."""
    layout = Layout.of(name)
    console = Console(name)
    check_requirements(_COMPONENTS_OF_INGRESS_NGINX if with_ingress_nginx else ())
    lock = state.acquire_lock(layout)
    if lock is None:
        recorded = State.read(layout)
        if recorded is None or not recorded.ready:
            raise SandboxError(f"sandbox {name} is just being started or removed by another command: wait for it")
        console.say("is up already")
        if with_ingress_nginx:
            ingress_nginx.install(layout, console, seconds)
        return
    with _signals_as_interrupts():
        _start_or_leave_nothing(layout, lock, console, seconds)
        if with_ingress_nginx:
            try:
                ingress_nginx.install(layout, console, seconds - console.seconds)
            except KeyboardInterrupt:
                down.down(name, keep_logs=False)
                raise
    console.say(f"is up: export KUBECONFIG={layout.kubeconfig}")


def _start_or_leave_nothing(layout: Layout, lock: int, console: Console, seconds: float) -> None:
    try:
        sweeper.clear(layout.root, logs_too=True)
        _start(layout, lock, console, seconds)
    except StartFailedError:  # the logs say why
        raise
    except BaseException:
        sweeper.remove(layout.root, logs_too=True)
        raise
