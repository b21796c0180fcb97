# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running curl and openssl with nothing of the user's own settings. PRIVATE to the collection."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from .errors import ToolError

_KEPT = ("LD_LIBRARY_PATH", "PATH")
_SECONDS = 10


def environment() -> dict[str, str]:
    """Return the environment for a tool: no proxies, no key logs, no other configuration, no translations."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "LC_ALL": "C"}


def run_for_text(command: Sequence[str], text: str = "") -> str:
    """Return what a short ``command`` prints when it is given ``text``. Raises ToolError when it fails."""
    try:
        done = subprocess.run(  # pylint: disable=ansible-bad-function; the engine knows no module
            command, input=text.encode(), capture_output=True, env=environment(), timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        raise ToolError(f"{command[0]} was not found; install it on the machine that runs the playbook") from None
    except OSError as error:
        raise ToolError(f"{command[0]} cannot be started: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"{' '.join(command)} did not end within {_SECONDS} s") from None
    if done.returncode:
        raise ToolError(f"{' '.join(command)} failed: {done.stderr.decode('utf-8', 'replace').strip()[:300]!r}")
    return done.stdout.decode("utf-8", "replace")
