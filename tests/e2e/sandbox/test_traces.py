# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox leaves nothing behind, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import interpreter
from sandbox.cluster import Cluster
from sandbox.layout import Layout
from sandbox.status import processes_below
from sandbox.toolchain import locate

KINDS = ("net", "mnt", "pid", "uts", "ipc")
RunSandbox = Callable[..., subprocess.CompletedProcess[str]]


def namespaces_of(kind: str) -> set[str]:
    """The namespaces in which some process of this machine is."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.add(str((folder / "ns" / kind).readlink()))
        except OSError:  # it has ended, or is none of ours
            continue
    return found


def processes_with(text: str) -> list[str]:
    """Command lines that have this text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has ended, or is none of ours
            continue
        if text in command and int(folder.name) != os.getpid():
            found.append(command)
    return found


@dataclass(frozen=True, slots=True)
class Traces:
    """What a sandbox could leave on this machine."""

    processes: list[str]
    mounts: list[str]
    devices: list[str]
    files: list[str]

    @classmethod
    def of(cls, layout: Layout) -> Traces:
        root = str(layout.root)
        files = [str(path.relative_to(layout.root)) for path in layout.root.rglob("*")] if layout.root.exists() else []
        return cls(
            processes=processes_with(root) + processes_with(f"sandbox.keeper {layout.name} "),
            mounts=[line for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines() if root in line],
            devices=[name for _, name in socket.if_nameindex() if re.match(r"uplink|pod\d", name)],
            files=sorted(file for file in files if file != "logs" and not file.startswith("logs/")),
        )


NOTHING = Traces([], [], [], [])


class Sandbox:
    """The processes of a sandbox that is up, or on its way, and the namespaces that they have."""

    def __init__(self, name: str) -> None:
        self.layout = Layout.of(name)
        self.state = json.loads(self.layout.state.read_text(encoding="utf-8"))
        self.namespaces = {
            (kind, str(Path(f"/proc/{process}/ns/{kind}").readlink()))
            for process in processes_below(self.state["keeper"])
            for kind in KINDS
        } - {(kind, str(Path(f"/proc/self/ns/{kind}").readlink())) for kind in KINDS}

    def namespaces_left(self) -> set[tuple[str, str]]:
        return {(kind, name) for kind, name in self.namespaces if name in namespaces_of(kind)}


@pytest.fixture
def start(run_sandbox: RunSandbox) -> Iterator[Callable[[], Sandbox]]:
    """Starts a sandbox with a Pod, since Pods have namespaces and mounts of their own."""
    name = "test-traces"

    def start_sandbox() -> Sandbox:
        done = run_sandbox("up", name)
        assert done.returncode == 0, done.stdout + done.stderr
        cluster = Cluster(name)
        container = {"name": "main", "image": "sandbox.example/shell:1", "args": ["-c", "sleep 1000"]}
        metadata = {"name": "some", "namespace": "default"}
        cluster.apply([{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}])
        cluster.wait("default", "pod/some", "condition=Ready")
        return Sandbox(name)

    yield start_sandbox
    run_sandbox("down", name)


@contextlib.contextmanager
def starting(name: str) -> Iterator[subprocess.Popen[str]]:
    """The command that starts a sandbox, at work."""
    # Whoever runs the tests in the background has them ignore interrupts, and what they start would, too.
    with subprocess.Popen(
        ["env", "--default-signal=INT", *interpreter.module_command("sandbox", "up", name)],
        env=interpreter.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def read_until(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    while text not in (line := process.stdout.readline()):
        assert line, f"the command ended before it said {text!r}"


def assert_nothing_is_left(sandbox: Sandbox, eventually: Callable[..., Any]) -> None:
    eventually(lambda: Traces.of(sandbox.layout), NOTHING, seconds=10)
    # The last trace is an ended process that waits for this machine's first process to notice.
    eventually(sandbox.namespaces_left, set(), seconds=10)


def test_a_whole_life(
    cluster: Cluster, start: Callable[[], Sandbox], run_sandbox: RunSandbox, eventually: Callable[..., Any]
) -> None:
    """Beside another one, with the same addresses inside, ports of its own outside, and nothing in common."""
    sandbox = start()
    name = sandbox.layout.name
    assert {kind for kind, _ in sandbox.namespaces} == set(KINDS)
    assert sandbox.namespaces.isdisjoint(Sandbox(cluster.name).namespaces)
    apis = {
        json.loads(layout.endpoints.read_text(encoding="utf-8"))["api"] for layout in (sandbox.layout, cluster.layout)
    }
    assert len(apis) == 2
    pods = {
        one: [pod["metadata"]["name"] for pod in Cluster(one).read("/api/v1/pods")["items"]]
        for one in (name, cluster.name)
    }
    assert pods[name] == ["some"]
    assert "some" not in pods[cluster.name]

    again = run_sandbox("up", name)
    assert (again.returncode, "is up already" in again.stdout) == (0, True)
    assert json.loads(sandbox.layout.state.read_text(encoding="utf-8")) == sandbox.state

    with subprocess.Popen(
        Cluster(name).client_command("sh", "-c", "echo started; exec sleep 1000"),
        env=interpreter.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as inside:
        read_until(inside, "started")
        assert run_sandbox("down", name, "--keep-logs").returncode == 0
        assert inside.wait(timeout=10) == 137  # a command in the client ends with its sandbox
    assert_nothing_is_left(sandbox, eventually)
    assert "kube-apiserver" in run_sandbox("logs", name).stdout
    assert run_sandbox("down", name).returncode == 0
    assert not sandbox.layout.root.exists()
    assert cluster.api.is_ready()


def test_a_killed_keeper_leaves_nothing_but_logs(
    start: Callable[[], Sandbox], run_sandbox: RunSandbox, eventually: Callable[..., Any]
) -> None:
    remains = Layout.of("test-traces")
    (remains.root / "pki").mkdir(parents=True)
    (remains.root / "pki" / "ca.key").write_text("of a sandbox whose machine crashed", encoding="utf-8")
    remains.state.write_text('{"keeper": 1}', encoding="utf-8")
    sandbox = start()
    assert "crashed" not in (sandbox.layout.pki / "ca.key").read_text(encoding="utf-8")
    os.kill(sandbox.state["keeper"], signal.SIGKILL)
    assert_nothing_is_left(sandbox, eventually)
    assert (sandbox.layout.logs / "keeper.log").exists()
    status = run_sandbox("status", sandbox.layout.name)
    assert (status.returncode, "is not running: start it with" in status.stderr) == (1, True)


@pytest.mark.parametrize("stage", ["etcd ready", "controllers ready"])
def test_an_interrupted_up_leaves_nothing(stage: str, eventually: Callable[..., Any]) -> None:
    name = "test-interrupted"
    with starting(name) as process:
        read_until(process, stage)
        begun = Sandbox(name)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
    assert not begun.layout.root.exists()
    assert_nothing_is_left(begun, eventually)


def test_a_killed_up_leaves_nothing_but_logs(run_sandbox: RunSandbox, eventually: Callable[..., Any]) -> None:
    name = "test-interrupted"
    with starting(name) as process:
        read_until(process, "etcd ready")
        begun = Sandbox(name)
        process.kill()
    assert_nothing_is_left(begun, eventually)
    assert run_sandbox("down", name).returncode == 0
    assert not begun.layout.root.exists()


def test_a_component_that_fails_is_explained(
    run_sandbox: RunSandbox, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., Any], tmp_path: Path
) -> None:
    for program in ("etcd", "kube-apiserver", "kube-scheduler", "kube-proxy"):
        (tmp_path / program).symlink_to(locate(program))
    broken = tmp_path / "kube-controller-manager"
    version = subprocess.run([locate("kube-scheduler"), "--version"], capture_output=True, text=True, check=True).stdout
    script = (
        f'#!/bin/sh\n[ "$1" = --version ] && echo "{version.strip()}" && exit\necho no controllers today >&2\nexit 3\n'
    )
    broken.write_text(script, encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("SANDBOX_BIN_DIR", str(tmp_path))
    name = "test-failing"
    failed = run_sandbox("up", name)
    assert failed.returncode == 1
    assert "kube-controller-manager ended with exit code 3 before it was ready" in failed.stderr
    assert "no controllers today" in failed.stderr
    eventually(lambda: Traces.of(Layout.of(name)), NOTHING, seconds=5)
    assert run_sandbox("down", name).returncode == 0


def test_down_of_nothing_says_so(run_sandbox: RunSandbox) -> None:
    done = run_sandbox("down", "test-nothing")
    assert (done.returncode, "is not there: nothing to do" in done.stdout) == (0, True)
    assert not Layout.of("test-nothing").root.exists()


def test_commands_run_in_the_client_and_on_the_node(cluster: Cluster, run_sandbox: RunSandbox) -> None:
    addresses = cluster.client("ip", "-4", "-o", "address", "show", "eth0")
    assert re.findall(r"inet ([\d.]+)/", addresses) == [f"198.18.254.{number}" for number in (2, 3, 4, 5)]
    on_node = run_sandbox("exec", cluster.name, "--node", "--", "sh", "-c", "hostname; cat /etc/resolv.conf; exit 4")
    assert (on_node.returncode, on_node.stdout) == (4, "node-1\nnameserver 198.18.0.1\n")


def test_status_shows_what_runs(cluster: Cluster, run_sandbox: RunSandbox) -> None:
    found = json.loads(run_sandbox("status", cluster.name, "--json").stdout)
    assert found["ready"]
    assert found["services"]["ingress-nginx/ingress-nginx-controller"]["ports"].keys() == {"80", "443"}
    assert [pod["ready"] for pod in found["pods"] if pod["namespace"] == "ingress-nginx"] == [1]
    assert found["memory_bytes"] > 100 * 2**20
