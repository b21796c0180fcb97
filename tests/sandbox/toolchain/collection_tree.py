# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder from which Ansible loads the checkout as a collection, beside the one that it depends on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sandbox.toolchain.api import asset
from sandbox.toolchain.layout import CHECKOUT
from sandbox.toolchain.store import remove

TREE = CHECKOUT / ".collections" / "ansible_collections"


def make_tree(tree: Path = TREE) -> None:
    """Put kubernetes.core into the tree and a link to the checkout as sealos.istio_migration.

    The dependency is copied, not linked: the cache may go while the checkout stays.

    Raises:
        ToolchainError: the asset kubernetes-core is not there yet.
    """
    dependency = tree / "kubernetes" / "core"
    fresh = dependency.with_name(".core.new")
    dependency.parent.mkdir(parents=True, exist_ok=True)
    for old in (fresh, dependency):
        if old.exists():
            remove(old)
    shutil.copytree(asset("kubernetes-core"), fresh)
    fresh.replace(dependency)

    checkout = tree / "sealos" / "istio_migration"
    checkout.parent.mkdir(parents=True, exist_ok=True)
    checkout.unlink(missing_ok=True)
    checkout.symlink_to(os.path.relpath(CHECKOUT, checkout.parent))
