# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks as an operator does: ansible-playbook in a process of its own, with an inventory."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.status import processes_below
from sandbox.toolchain.layout import cache

CHECKOUT = Path(__file__).resolve().parents[2]
GROUP_VARIABLES = CHECKOUT / "inventories" / "sandbox" / "group_vars"
"""What an operator of sandboxes sets; the tests use it as it is."""

_SECONDS = 300.0
_SHOWN_LINES = 60
_RECAP = re.compile(r"^(\S+) +: (ok=\d+ .*)$", re.MULTILINE)
# Settings of whoever starts the tests must not reach the playbooks: neither Ansible's nor a way to another cluster.
_NOT_INHERITED = re.compile(r"ANSIBLE_|K8S_AUTH_|KUBECONFIG$|HELM_|PYTHONPATH$|ISTIO_MIGRATION_")


@dataclass(frozen=True, slots=True)
class Run:
    """A finished ansible-playbook: its exit code, its output, how long it took."""

    exit_code: int
    output: str
    seconds: float

    @property
    def text(self) -> str:
        """The output with every run of white space as one blank: YAML wraps long messages."""
        return " ".join(self.output.replace("''", "'").split())

    def count(self, host: str, what: str) -> int:
        """A figure of the recap: ``ok``, ``changed``, ``failed`` and so on; 0 for a host that no task ran on."""
        for name, figures in _RECAP.findall(self.output):
            if name == host:
                return int(dict(item.split("=") for item in figures.split())[what])
        return 0

    def failure(self, host: str) -> str:
        """What the first failed task of a host said, as :attr:`text` has it; empty when none failed."""
        _, found, rest = self.output.partition(f"fatal: [{host}]: FAILED! =>")
        return " ".join(rest.partition("\n\n")[0].replace("''", "'").split()) if found else ""

    def changed(self, host: str) -> list[str]:
        """The names of the tasks that changed something."""
        tasks: list[str] = []
        task = ""
        for line in self.output.splitlines():
            if line.startswith("TASK ["):
                task = line[6:].rpartition("]")[0]
            elif line.startswith(f"changed: [{host}]"):
                tasks.append(task)
        return tasks


class Playbook:
    """A running ansible-playbook whose output goes to a file."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._started = time.monotonic()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def process(self) -> int:
        """The process id, by which the lease names the controller."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self._process.poll() is not None

    def wait(self, expect: int | None = 0, seconds: float = _SECONDS) -> Run:
        """The finished run; raises AssertionError with the end of the output unless it ended with ``expect``."""
        code = self._process.wait(seconds)
        run = Run(code, self.log.read_text(encoding="utf-8", errors="replace"), time.monotonic() - self._started)
        if expect is not None and code != expect:
            shown = "\n".join(run.output.splitlines()[-_SHOWN_LINES:])
            message = f"{self.log.stem} ended with {code}, not with {expect}; the end of its output:\n{shown}"
            raise AssertionError(message)
        return run

    def kill(self) -> None:
        """End it at once with everything that it started: workers of Ansible have sessions of their own."""
        if self.has_ended:
            return
        # Stopped, the main process starts no more of them.
        os.kill(self.process, signal.SIGSTOP)
        for process in (*processes_below(self.process), self.process):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait()


class Controller:
    """A machine from which clusters are migrated: an inventory, a folder for what runs leave, an environment.

    ``hosts`` are the inventory's hosts with their variables, ``variables`` those of all of them. A host that has no
    other ``sandbox_run`` is the sandbox of its name. ``environment`` is a virtual environment with ansible-core.
    """

    def __init__(
        self,
        folder: Path,
        hosts: Mapping[str, Mapping[str, Any]],
        variables: Mapping[str, Any] | None = None,
        environment: Path = CHECKOUT / ".venv",
    ) -> None:
        self.folder = folder
        self.hosts = hosts
        self._variables = variables or {}
        self._environment = environment
        self._runs = 0
        for name in ("inventory", "logs", "tmp", "home"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._write_inventory()

    def with_hosts(self, hosts: Mapping[str, Mapping[str, Any]], folder: Path) -> Controller:
        """A controller with another inventory and a folder of its own."""
        return Controller(folder, hosts, self._variables, self._environment)

    def directory(self, host: str) -> Path:
        """Where runs leave bundles, plans, proofs and reports of a host."""
        return self.folder / "migration" / host

    def report(self, host: str) -> dict[str, Any]:
        """The report of the last run."""
        report: dict[str, Any] = json.loads((self.directory(host) / "report" / "report.json").read_text())
        return report

    def run(self, playbook: str, *options: str, expect: int | None = 0, **variables: Any) -> Run:
        """Run a playbook of the checkout to its end; ``variables`` are extra variables."""
        with self.running(playbook, *options, **variables) as running:
            return running.wait(expect)

    @contextlib.contextmanager
    def running(self, playbook: str, *options: str, **variables: Any) -> Iterator[Playbook]:
        """A playbook of the checkout that runs in the background; whatever is left of it at the end is killed."""
        path = CHECKOUT / "playbooks" / f"{playbook}.yml"
        command = self.program("ansible-playbook", str(path), *options)
        with self.process(playbook, command, CHECKOUT, **variables) as running:
            yield running

    @contextlib.contextmanager
    def process(
        self, name: str, command: list[str], folder: Path, collections: Path | None = None, **variables: Any
    ) -> Iterator[Playbook]:
        """Any command of Ansible, run in ``folder``; ``collections`` is where it finds collections."""
        self._runs += 1
        log = self.folder / "logs" / f"{self._runs:02}-{name}.log"
        environment = self._inherited()
        if collections is not None:
            environment["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
        if variables:
            command = [*command, "--extra-vars", json.dumps(variables)]
        running = Playbook(command, folder, environment, log)
        try:
            yield running
        finally:
            running.kill()

    def program(self, name: str, *arguments: str) -> list[str]:
        """The command line of a program of Ansible, with the inventory."""
        return [str(self._environment / "bin" / name), "--inventory", str(self.folder / "inventory"), *arguments]

    def _inherited(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not _NOT_INHERITED.match(name)}
        return kept | {
            "PATH": os.pathsep.join((str(self._environment / "bin"), os.environ.get("PATH", os.defpath))),
            "ANSIBLE_HOME": str(self.folder / "home"),
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "ISTIO_MIGRATION_CACHE": str(cache().root),
        }

    def _write_inventory(self) -> None:
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "migration_directory": str(self.folder / "migration"),
            **self._variables,
        }
        content = {"clusters": {"hosts": self.hosts, "vars": variables}}
        folder = self.folder / "inventory"
        (folder / "hosts.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
        shared = folder / "group_vars"
        if not shared.is_symlink():
            shared.symlink_to(GROUP_VARIABLES)
