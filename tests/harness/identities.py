# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The identities that playbooks run with, made as an administrator makes them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.grants import (
    Grant,
    install_grants,
    migrate_grants,
    role_manifests,
)

from harness.site import Object
from harness.target import HOME, Target
from sandbox.identities import grant

NAMESPACE = "istio-migration"
ISTIO_NAMESPACE = "istio-system"
PURPOSES = ("migrate", "install")


def grants(purpose: str) -> list[Grant]:
    """What one of the two identities needs where everything has its default name."""
    return (
        migrate_grants(HOME, HOME, ISTIO_NAMESPACE) if purpose == "migrate" else install_grants(HOME, ISTIO_NAMESPACE)
    )


def roles(purpose: str) -> list[Object]:
    """What an administrator applies for one of the two identities."""
    return role_manifests(f"sealos-istio-migration-{purpose}", grants(purpose), (NAMESPACE, purpose))


def make(target: Target, objects: Iterable[Object], folder: Path) -> None:
    """Apply objects, and write a kubeconfig for each ServiceAccount among them where the inventory looks for it."""
    manifest = folder / "identities.yaml"
    manifest.write_text("---\n".join(json.dumps(obj) + "\n" for obj in objects), encoding="utf-8")
    grant(target.name, manifest)


def make_both(target: Target, folder: Path) -> None:
    """Make the two identities with exactly the permissions that they need."""
    make(target, [obj for purpose in PURPOSES for obj in roles(purpose)], folder)


def make_powerless(target: Target, folder: Path) -> Path:
    """Make an identity without any permission and return its kubeconfig."""
    name = "nobody"
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    make(target, [space, account], folder)
    return target.cluster.layout.root / f"{name}.kubeconfig"
