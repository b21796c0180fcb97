# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Go command, and the wrapper modules below tests/sandbox/tools that pin what is built with it."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.layout import TOOLS

NEEDED = (1, 26)
HOW_TO_GET_GO = (
    f"install Go {NEEDED[0]}.{NEEDED[1]} or newer from the Go project's download page into /usr/local/go "
    "(Debian 12's own package is too old), or put a folder with ready binaries into SANDBOX_BIN_DIR"
)
# A sudo or cron PATH lacks the folder that the Go project's own instructions install into.
_USUAL_PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin")
_TARGET_VARIABLES = ("GOOS", "GOARCH", "GOWORK", "GOFLAGS")


@dataclass(frozen=True, slots=True)
class Go:
    """A usable Go command."""

    command: Path
    version: str
    """As Go says it: `go1.26.8`."""
    platform: str
    """Operating system and architecture: `linux/amd64`."""

    @property
    def series(self) -> str:
        """Major and minor version: `1.26`. Patch releases of Go do not make new binaries necessary."""
        major, minor = _version_of(self.version)
        return f"{major}.{minor}"


def environment() -> dict[str, str]:
    """Return the environment of every Go command: what would change the bytes is fixed here, not inherited."""
    inherited = {name: value for name, value in os.environ.items() if name not in _TARGET_VARIABLES}
    return inherited | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-trimpath -buildvcs=false -mod=readonly",
        "GOWORK": "off",
    }


@functools.cache
def go() -> Go:
    """Find Go on PATH or in its usual places and check its version.

    Raises:
        ToolchainError: no Go, or one that is too old and cannot fetch a newer toolchain of itself.
    """
    path = os.pathsep.join((os.environ.get("PATH", ""), *_USUAL_PLACES))
    command = shutil.which("go", path=path)
    if command is None:
        message = f"Go was not found on PATH nor in {', '.join(_USUAL_PLACES)}: {HOW_TO_GET_GO}"
        raise ToolchainError(message)
    # Asked inside a module: an older Go then answers with the toolchain that the go line makes it switch to.
    answer = subprocess.run(
        [command, "env", "GOVERSION", "GOOS", "GOARCH"],
        cwd=TOOLS / "etcd",
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    fields = answer.stdout.split()
    if answer.returncode != 0 or len(fields) != 3 or _version_of(fields[0]) < NEEDED:
        said = (answer.stderr or answer.stdout).strip().splitlines() or ["nothing"]
        message = f"{command} is not usable: `go env GOVERSION` said {said[-1]!r}; {HOW_TO_GET_GO}"
        raise ToolchainError(message)
    return Go(Path(command), fields[0], f"{fields[1]}/{fields[2]}")


def required_version(folder: str, module: str) -> str:
    """Return the version of `module` that tools/`folder`/go.mod requires, for example `v1.36.3`.

    Raises:
        ToolchainError: go.mod does not require it.
    """
    path = TOOLS / folder / "go.mod"
    found = re.search(rf"^(?:require)?\s+{re.escape(module)} (v\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        message = f"{path}: no requirement of {module}; restore the file from version control"
        raise ToolchainError(message)
    return found.group(1)


def _version_of(text: str) -> tuple[int, int]:
    found = re.match(r"go(\d+)\.(\d+)", text)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)
