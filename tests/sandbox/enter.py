# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m sandbox exec NAME -- COMMAND`: a command as the outside world, on the node, or in a Pod.

On the client and on the node the command becomes a process of the sandbox: it dies with it, and with this command.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import linux, state
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.toolchain import locate

if TYPE_CHECKING:
    from sandbox.state import State

_NODE_NAMESPACES = {
    "ipc": linux.CLONE_NEWIPC,
    "uts": linux.CLONE_NEWUTS,
    "net": linux.CLONE_NEWNET,
    "mnt": linux.CLONE_NEWNS,
}


def _join(path: str, kind: int) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        linux.setns(fd, kind)
    finally:
        os.close(fd)


def _join_node(recorded: State) -> None:
    """All of the node's namespaces."""
    folder, here = f"/proc/{recorded.node}/ns", Path.cwd()
    opened = {name: os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in _NODE_NAMESPACES}
    for name, fd in opened.items():
        linux.setns(fd, _NODE_NAMESPACES[name])
        os.close(fd)
    os.chdir(here if here.is_dir() else "/")


def _join_client(recorded: State) -> None:
    """The outside world: its own network, and the files of this machine."""
    _join(f"/proc/{recorded.keeper}/fd/{recorded.client_namespace}", linux.CLONE_NEWNET)


def _run(command: list[str]) -> int:
    """Run a command as the first child in the pid namespace that was joined; its exit code."""
    # The terminal sends these to both; the command decides what they mean.
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    with subprocess.Popen(command, preexec_fn=_as_child) as process:  # noqa: PLW1509 -- there is one thread
        signal.signal(signal.SIGTERM, lambda number, _frame: process.send_signal(number))
        code = process.wait()
    return code if code >= 0 else 128 - code


def _as_child() -> None:
    linux.die_with_parent()
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def in_namespaces(name: str, command: list[str], *, node: bool) -> int:
    """Run a command on the node or, as the outside world, on the client; its exit code."""
    recorded = state.running(Layout.of(name))
    pid_namespace = f"/proc/{recorded.node}/ns/pid"
    try:
        _join(pid_namespace, linux.CLONE_NEWPID)
        (_join_node if node else _join_client)(recorded)
    except (FileNotFoundError, PermissionError) as error:
        raise SandboxError(
            f"sandbox {name}: cannot enter it: {error}; it needs root, and a sandbox that runs"
        ) from error
    try:
        return _run(command)
    except FileNotFoundError as error:
        raise SandboxError(f"sandbox {name}: there is no command {command[0]!r}") from error


def in_pod(name: str, pod: str, container: str | None, command: list[str]) -> int:
    """Run a command in a Pod, given as NAMESPACE/NAME, by kubectl; its exit code."""
    layout = Layout.of(name)
    state.running(layout)
    namespace, separator, pod_name = pod.partition("/")
    if not separator:
        raise SandboxError(f"--pod {pod}: give NAMESPACE/NAME")
    call = [str(locate("kubectl")), f"--kubeconfig={layout.kubeconfig}", "exec", "-i", "-n", namespace, pod_name]
    if sys.stdin.isatty():
        call.append("-t")
    if container is not None:
        call += ["-c", container]
    return subprocess.run([*call, "--", *command], check=False).returncode
