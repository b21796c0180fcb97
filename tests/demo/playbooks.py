# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook as a user does, keeps all of its output in a file, and shows the stages while it works."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.status import processes_below

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_TASK: Final = re.compile(r"TASK \[(.*)\] \**")
_WAVE: Final = "Validating arguments against arg spec 'main' - Move one wave"
_RECAP: Final = re.compile(r"^(\S+) +: (ok=\d+ .*)$", re.MULTILINE)
# Parts of a stage that are worth a line of their own once they have begun.
_STEPS: Final = {
    "move | Apply": "apply",
    "move | Verify": "verify on both planes",
    "move | Roll back": "ROLL BACK",
}


@dataclass(frozen=True, slots=True)
class Run:
    """A finished playbook."""

    exit_code: int
    output: str

    def count(self, host: str, what: str) -> int:
        """A figure of the recap: ``changed``, ``failed`` and so on; -1 for a host that is not in it."""
        for name, figures in _RECAP.findall(self.output):
            if name == host:
                return int(dict(item.split("=") for item in figures.split())[what])
        return -1


class Digest:
    """Turns the lines of ansible-playbook into few: stages, waves and their steps, and what failed."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._wave = 0
        self._wave_shown = 0
        self._failing = 0

    def take(self, line: str) -> None:
        """Look at one line of output."""
        task = _TASK.match(line)
        if task:
            self._failing = 0
            self._begin(task[1])
        elif line.startswith("fatal: "):
            self._failing = 3
            self._say("    failed:")
        elif self._failing and line.startswith("    "):
            text = line.strip().removeprefix("msg:").strip(" '|-")
            if text and not text.endswith(":") and ": false" not in text and not text.startswith("assertion"):
                self._say(f"      {text}")
                self._failing -= 1

    def _begin(self, name: str) -> None:
        role, __, rest = name.partition(" : ")
        if _WAVE in name:
            self._wave += 1
        elif name in _STEPS:
            # A wave that comes after a broken one is looked at, and not begun.
            if self._wave_shown != self._wave:
                self._wave_shown = self._wave
                self._say(f"  wave {self._wave}")
            self._say(f"    {_STEPS[name]}")
        elif not rest and not name.startswith("move | "):
            self._say(f"  {role}")


class Playbooks:
    """Runs playbooks of the checkout; whatever is left of one at the end is killed."""

    def __init__(self, checkout: Path, logs: Path, say: Callable[[str], None]) -> None:
        self._checkout = checkout
        self._logs = logs
        self._say = say

    def run(self, name: str, host: str, variables: Mapping[str, str], log: str) -> Run:
        """Run a playbook for one host and return it finished."""
        command = ["ansible-playbook", f"playbooks/{name}.yml", "--limit", host]
        for key, value in variables.items():
            command += ["--extra-vars", f"{key}={value}"]
        self._logs.mkdir(parents=True, exist_ok=True)
        path = self._logs / f"{log}.log"
        digest = Digest(self._say)
        process = subprocess.Popen(
            command,
            cwd=self._checkout,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1", "PYTHONUNBUFFERED": "1", "PWD": str(self._checkout)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # A terminal's interrupt is for the demo, which then ends the playbook.
            start_new_session=True,
        )
        try:
            with path.open("w", encoding="utf-8") as stream:
                for line in process.stdout or ():
                    stream.write(line)
                    stream.flush()
                    digest.take(line.rstrip("\n"))
            code = process.wait()
        finally:
            _end(process)
        return Run(code, path.read_text(encoding="utf-8"))


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        # Stopped, it starts no more workers, which have sessions of their own.
        os.kill(process.pid, signal.SIGSTOP)
        for child in (*processes_below(process.pid), process.pid):
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()
    if process.stdout:
        process.stdout.close()
