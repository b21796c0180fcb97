# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running sandbox, as tests and the demo use it."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final

from sandbox import interpreter, state, status
from sandbox.apiserver import ApiServer
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.toolchain import locate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_COMMAND_SECONDS: Final = 90.0
_ENDPOINT_SECONDS: Final = 30.0
_ASK_AGAIN_SECONDS: Final = 0.1


class CommandError(SandboxError):
    """A command failed; its text is what it said."""


def _run(command: list[str], stdin: str | None = None, seconds: float = _COMMAND_SECONDS) -> str:
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env=interpreter.environment(),
    )
    if done.returncode:
        raise CommandError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}{done.stdout}")
    return done.stdout


def as_list(objects: Iterable[Mapping[str, Any]]) -> str:
    """Objects as one document for kubectl."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


class Cluster:
    """A sandbox by name; raises SandboxError when it does not run."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.layout = Layout.of(name)
        recorded = state.running(self.layout)
        self.keeper = recorded.keeper
        self.api = ApiServer(recorded.first_port, self.layout.pki)
        self._kubectl = [str(locate("kubectl")), f"--kubeconfig={self.layout.kubeconfig}"]

    def kubectl(self, *arguments: str, stdin: str | None = None, seconds: float = _COMMAND_SECONDS) -> str:
        """What kubectl prints; raises CommandError."""
        return _run([*self._kubectl, *arguments], stdin, seconds)

    def apply(self, objects: Iterable[Mapping[str, Any]]) -> None:
        """Apply objects on the server's side, taking over what others own; raises CommandError."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=as_list(objects))

    def dry_run(self, objects: Iterable[Mapping[str, Any]]) -> str:
        """What the API server and its webhooks object to; empty when they take the objects."""
        command = [*self._kubectl, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"]
        done = subprocess.run(
            command, input=as_list(objects), capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
        )
        return done.stderr if done.returncode else ""

    def read(self, path: str) -> dict[str, Any]:
        """The object at an API path; raises SandboxError when there is none."""
        found = self.api.read(path)
        if found is None:
            raise SandboxError(f"sandbox {self.name}: nothing at {path}")
        return found

    def wait(self, namespace: str, what: str, condition: str, seconds: float = 60.0) -> None:
        """`kubectl wait`: for example `deployment/web`, `condition=Available`; raises CommandError."""
        self.kubectl(
            "wait",
            f"--namespace={namespace}",
            what,
            f"--for={condition}",
            f"--timeout={int(seconds)}s",
            seconds=seconds + 5,
        )

    def client(self, *command: str, seconds: float = _COMMAND_SECONDS) -> str:
        """What a command prints that is run as the outside world; raises CommandError."""
        return _run(self.client_command(*command), seconds=seconds)

    def client_command(self, *command: str) -> list[str]:
        """The command line that runs a command as the outside world."""
        return interpreter.module_command("sandbox", "exec", self.name, "--client", "--", *command)

    def _service(self, namespace: str, name: str) -> dict[str, Any]:
        """The entry of a Service in endpoints.json, as soon as it is there; raises SandboxError."""
        deadline = time.monotonic() + _ENDPOINT_SECONDS
        while True:
            services: dict[str, Any] = json.loads(self.layout.endpoints.read_text(encoding="utf-8"))["services"]
            entry: dict[str, Any] | None = services.get(f"{namespace}/{name}")
            if entry is not None:
                return entry
            if time.monotonic() > deadline or state.wait_for_end(self.keeper, _ASK_AGAIN_SECONDS):
                raise SandboxError(f"sandbox {self.name}: Service {namespace}/{name} has no load balancer")

    def address(self, namespace: str, name: str) -> str:
        """The load balancer address of a Service, waiting for it; raises SandboxError."""
        address: str = self._service(namespace, name)["address"]
        return address

    def port(self, namespace: str, name: str, port: int) -> int:
        """The loopback port that leads to a port of a LoadBalancer Service, waiting for it; raises SandboxError."""
        found: int = self._service(namespace, name)["ports"][str(port)]
        return found

    def processes(self) -> list[int]:
        """The process ids, on the host, of everything that belongs to the sandbox."""
        return status.processes_below(self.keeper)

    def binary(self, name: str) -> str:
        """The path of a program of the toolchain."""
        return str(locate(name))
