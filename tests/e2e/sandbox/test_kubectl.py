# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubectl logs, exec and port-forward, and the API server's proxy to Pods."""

from __future__ import annotations

import datetime
import os
import pty
import re
import select
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster import Cluster, CommandError

SHELL = "sandbox.example/shell:1"
TALK = "for i in 1 2 3 4 5; do echo line $i; done; echo error >&2; while :; do sleep 0.5; echo tick; done"


def pod(name: str, *containers: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": list(containers)},
    }


@pytest.fixture(scope="module")
def running(cluster: Cluster, namespace: str) -> Cluster:
    talker = pod("talker", {"name": "main", "image": SHELL, "args": ["-c", TALK]})
    echo = pod("echo", {"name": "main", "image": "sandbox.example/echo:1"})
    for item in (talker, echo):
        item["metadata"]["namespace"] = namespace
    cluster.apply([talker, echo])
    cluster.wait(namespace, "pod/talker", "condition=Ready")
    cluster.wait(namespace, "pod/echo", "condition=Ready")
    return cluster


def command(cluster: Cluster, namespace: str, *arguments: str) -> list[str]:
    return [cluster.binary("kubectl"), f"--kubeconfig={cluster.layout.kubeconfig}", "-n", namespace, *arguments]


def test_logs_have_both_streams_in_order(running: Cluster, namespace: str) -> None:
    lines = running.kubectl("logs", "-n", namespace, "talker").splitlines()
    assert sorted(lines[:6]) == ["error", "line 1", "line 2", "line 3", "line 4", "line 5"]


def test_tail_and_limit(running: Cluster, namespace: str, eventually: Callable[..., Any]) -> None:
    # What goes to the other stream may come last until the first tick.
    eventually(lambda: running.kubectl("logs", "-n", namespace, "talker", "--tail=1"), "tick\n")
    assert len(running.kubectl("logs", "-n", namespace, "talker", "--tail=3").splitlines()) == 3
    assert len(running.kubectl("logs", "-n", namespace, "talker", "--limit-bytes=10")) == 10


def test_timestamps_and_since(running: Cluster, namespace: str, eventually: Callable[..., Any]) -> None:
    lines = running.kubectl("logs", "-n", namespace, "talker", "--timestamps").splitlines()
    stamp, text = lines[0].split(" ", 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", stamp)
    assert text.startswith(("line", "error"))
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(stamp)
    assert datetime.timedelta(0) < age < datetime.timedelta(minutes=5)
    recent = ("logs", "-n", namespace, "talker", "--since=1s")
    eventually(lambda: set(running.kubectl(*recent).split()), {"tick"})
    assert len(running.kubectl(*recent).split()) <= 3


def test_follow(running: Cluster, namespace: str) -> None:
    follow = command(running, namespace, "logs", "talker", "--follow", "--tail=0")
    with subprocess.Popen(follow, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["tick\n", "tick\n"]
        process.terminate()


def test_exec_passes_input_output_and_exit_code(running: Cluster, namespace: str) -> None:
    run = command(running, namespace, "exec", "-i", "talker", "--", "/bin/sh", "-c", "cat; echo oops >&2; exit 5")
    text = "".join(f"{number}\n" for number in range(20000))
    done = subprocess.run(run, input=text, capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout == text
    assert done.stderr.startswith("oops")
    assert done.returncode == 5


def test_exec_sees_the_container(running: Cluster, namespace: str) -> None:
    seen = running.kubectl("exec", "-n", namespace, "talker", "--", "sh", "-c", "echo $HOSTNAME; cat /proc/1/cmdline")
    assert seen.startswith("talker\n/bin/sh\0-c\0for i in")


def test_exec_of_what_is_not_there(running: Cluster, namespace: str) -> None:
    with pytest.raises(CommandError, match="'/nope': No such file"):
        running.kubectl("exec", "-n", namespace, "talker", "--", "/nope")


def test_exec_on_a_terminal(running: Cluster, namespace: str) -> None:
    ours, theirs = pty.openpty()
    run = command(running, namespace, "exec", "-it", "talker", "--", "/bin/sh", "-c", "test -t 0 && echo is a terminal")
    with subprocess.Popen(run, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        assert process.wait(timeout=20) == 0
    shown = b""
    while select.select([ours], [], [], 0.2)[0]:
        try:
            shown += os.read(ours, 4096)
        except OSError:
            break
    os.close(ours)
    assert b"is a terminal" in shown


def test_port_forward(running: Cluster, namespace: str) -> None:
    forward = command(running, namespace, "port-forward", "pod/echo", ":8080", "--address=127.0.0.1")
    with subprocess.Popen(forward, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found
        for size in (10, 2_000_000):
            url = f"http://127.0.0.1:{found[1]}/x?echo-size={size}"
            with urllib.request.urlopen(url, timeout=10) as response:
                assert len(response.read()) == size
        process.terminate()


def test_port_forward_to_a_closed_port(running: Cluster, namespace: str) -> None:
    forward = command(running, namespace, "port-forward", "pod/echo", ":1", "--address=127.0.0.1")
    with subprocess.Popen(forward, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found
        with pytest.raises(OSError, match=r"reset|closed|refused"):
            urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/", timeout=10)
        assert "port 1 of the Pod does not answer" in process.stderr.readline()
        process.terminate()


def test_the_api_server_proxies_to_pods(running: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods/echo:8081/proxy/healthz"
    assert running.kubectl("get", "--raw", path).strip() == "ok"


def test_a_client_that_goes_away_takes_its_command_with_it(
    running: Cluster, namespace: str, eventually: Callable[..., Any]
) -> None:
    """Although nothing is written that could fail."""

    def command_line(process: int) -> bytes:
        try:
            return Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:  # it has just ended
            return b""

    def is_there() -> bool:
        return b"sleep\x001234\0" in map(command_line, running.processes())

    run = command(running, namespace, "exec", "-i", "talker", "--", "sleep", "1234")
    with subprocess.Popen(run, stdin=subprocess.PIPE) as process:
        eventually(is_there)
        process.kill()
    eventually(is_there, False)
