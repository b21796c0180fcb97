# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one program of the sandbox starts another."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

PACKAGE_ROOT: Final = Path(__file__).resolve().parents[1]
_PROXY_VARIABLES: Final = {"http_proxy", "https_proxy", "all_proxy", "ftp_proxy"}


def module_command(module: str, *arguments: str) -> list[str]:
    """The command line of a module of this package."""
    return [sys.executable, "-m", module, *arguments]


def environment() -> dict[str, str]:
    """The environment in which that module is found, from whatever folder.

    Without the variables of proxies: the API server would call webhooks through them, and no proxy knows the way.
    """
    inherited = os.environ.get("PYTHONPATH")
    path = str(PACKAGE_ROOT) if not inherited else f"{PACKAGE_ROOT}{os.pathsep}{inherited}"
    kept = {name: value for name, value in os.environ.items() if name.lower() not in _PROXY_VARIABLES}
    return {**kept, "PYTHONPATH": path}
