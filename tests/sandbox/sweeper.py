# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes the files of a sandbox when its processes are gone, however they ended; only the logs stay.

A child of the keeper in a session of its own. It holds the sandbox's lock, and its standard input is a pipe whose
other end only the keeper has: a line with the node's process id, and the end of file when the keeper is gone. The
kernel kills the node then, and with it, since it is process 1 of a pid namespace, everything else.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import shutil
import sys
from pathlib import Path
from typing import Final

_PATIENCE_SECONDS: Final = 60.0
_REMOVAL_ATTEMPTS: Final = 20
_PAUSE_SECONDS: Final = 0.25


def clear(root: Path, *, logs_too: bool) -> None:
    """Remove what is in a sandbox's folder but the lock file."""
    kept = {"lock"} if logs_too else {"lock", "logs"}
    for path in [path for path in root.iterdir() if path.name not in kept]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def remove(root: Path, *, logs_too: bool) -> None:
    """Remove a sandbox's folder, or all but the logs; the lock file goes last."""
    if not root.exists():
        return
    clear(root, logs_too=logs_too)
    (root / "lock").unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # the logs are still there
        root.rmdir()


def _wait_for_node() -> None:
    """Return when the keeper and the node are gone."""
    line = sys.stdin.readline()
    node = None
    if line.strip():
        with contextlib.suppress(ProcessLookupError):
            node = os.pidfd_open(int(line))
    sys.stdin.read()
    if node is not None:
        poller = select.poll()
        poller.register(node, select.POLLIN)
        poller.poll(_PATIENCE_SECONDS * 1000)
        os.close(node)


def _sweep(root: Path) -> None:
    """Remove the files; a process that is still dying may put one back, so a few attempts."""
    pause = select.poll()
    for attempt in range(1, _REMOVAL_ATTEMPTS + 1):
        try:
            remove(root, logs_too=False)
        except OSError as error:
            if attempt == _REMOVAL_ATTEMPTS:
                sys.exit(f"cannot remove the files of the sandbox: {error}")
            pause.poll(_PAUSE_SECONDS * 1000)
        else:
            return


def main() -> None:
    """Wait, sweep, end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path, help="the folder of the sandbox")
    root = parser.parse_args().root
    _wait_for_node()
    _sweep(root)


if __name__ == "__main__":
    main()
