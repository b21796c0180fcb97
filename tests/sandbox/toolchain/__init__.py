# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's programs and files: found, fetched or built once, and kept in the user's cache.

Standard library only: this runs under the system's Python before any virtual environment exists.

    from sandbox.toolchain import asset, ensure, locate

    ensure(["kube-apiserver"])           # a path that exists afterwards, built when needed
    locate("kube-apiserver")             # pathlib.Path, or ToolchainError
    asset("istio-charts") / "istiod"     # a folder; istio-bootstrap and gateway-api-crds are files
"""

from __future__ import annotations

from sandbox.toolchain.api import asset, command_folder, ensure, locate
from sandbox.toolchain.errors import ToolchainError

__all__ = ["ToolchainError", "asset", "command_folder", "ensure", "locate"]
