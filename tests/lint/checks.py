# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of checks: a name, and a function that returns what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lint.files import CHECKOUT, repository_texts
from lint.licences import missing_headers
from lint.places import named_places
from lint.sanity import sanity_complaints
from sandbox.toolchain import go_modules
from sandbox.toolchain.layout import TOOLS, cache
from sandbox.toolchain.store import make_folder

_SECONDS = 900
_TYPED_PACKAGES = (
    "sandbox",
    "harness",
    "demo",
    "pages",
    "lint",
    "observing",
    "ansible_collections.sealos.istio_migration.plugins.module_utils",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One check; `run` returns an empty text when all is well, else everything a person needs to see."""

    name: str
    run: Callable[[], str]


def checks(second_environment: bool) -> list[Check]:
    """Return all checks, the slowest first; the second environment is the one with the newest ansible-core."""
    sanity = [_sanity(".venv-2.21")] if second_environment else []
    return [
        _sanity(".venv"),
        *sanity,
        Check("ansible-lint", lambda: _command("ansible-lint", "--offline", "--profile", "production")),
        Check("mypy", lambda: _command("mypy", *(part for name in _TYPED_PACKAGES for part in ("-p", name)))),
        Check(
            "antsibull-docs",
            lambda: _command(
                *("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all", "."),
                home=_home_for_logs(),
            ),
        ),
        Check("antsibull-changelog", lambda: _command("antsibull-changelog", "lint")),
        Check("yamllint", lambda: _command("yamllint", "--strict", ".")),
        Check("ruff", lambda: _command("ruff", "check", "--no-fix", ".")),
        Check("ruff-format", lambda: _command("ruff", "format", "--check", ".")),
        Check("go", _go),
        Check("licences", lambda: "\n".join(missing_headers(repository_texts()))),
        Check("places", lambda: "\n".join(named_places(repository_texts()))),
    ]


def _sanity(folder: str) -> Check:
    return Check(f"sanity in {folder}", lambda: sanity_complaints(CHECKOUT / folder))


def _home_for_logs() -> Path:
    """antsibull-docs writes its log into the home folder: give it one."""
    home = cache().root / "antsibull"
    make_folder(home)
    return home


def _command(*command: str, home: Path | None = None) -> str:
    path = os.pathsep.join((str(Path(sys.prefix) / "bin"), os.environ.get("PATH", os.defpath)))
    environment = os.environ | {
        "PATH": path,
        "NO_COLOR": "1",
        "HOME": str(home or Path.home()),
        # antsibull-docs does not read ansible.cfg: it needs the fragments of kubernetes.core.
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"),
    }
    return _complaint(_run(command, CHECKOUT, environment))


def _run(command: Sequence[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode == 0:
        return ""
    return done.stdout.strip() or f"{done.args} ended with status {done.returncode} and said nothing"


def _go() -> str:
    """Format and vet the programs of this repository; the other modules only pin somebody else's."""
    go = go_modules.go().command
    environment = go_modules.environment()
    complaints: list[str] = []
    for folder in sorted({source.parent for source in TOOLS.glob("*/*.go")}):
        unformatted = _run([str(go.with_name("gofmt")), "-l", "."], folder, environment)
        complaints += [f"{folder.name}/{name}: not formatted by gofmt" for name in unformatted.stdout.split()]
        complaints.append(_complaint(_run([str(go), "vet", "./..."], folder, environment)))
    return "\n".join(filter(None, complaints))
