# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m sandbox grant NAME MANIFEST`: what an administrator does for an identity with few rights.

The manifest is applied as the administrator; each ServiceAccount in it gets a kubeconfig beside the administrator's.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

import yaml

from sandbox.cluster import Cluster
from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from pathlib import Path

_TOKEN_LIFETIME: Final = "24h"


def grant(name: str, manifest: Path) -> list[Path]:
    """Apply a manifest and return the kubeconfigs of its ServiceAccounts, named after them; raises SandboxError."""
    cluster = Cluster(name)
    try:
        objects = [obj for obj in yaml.safe_load_all(manifest.read_text(encoding="utf-8")) if obj]
    except (OSError, yaml.YAMLError) as error:
        raise SandboxError(f"{manifest} cannot be read: {error}") from error
    cluster.apply(objects)
    accounts = [obj["metadata"] for obj in objects if obj["kind"] == "ServiceAccount"]
    return [_write_kubeconfig(cluster, account) for account in accounts]


def _write_kubeconfig(cluster: Cluster, account: dict[str, Any]) -> Path:
    namespace, name = account["namespace"], account["name"]
    token = cluster.kubectl("create", "token", name, f"--namespace={namespace}", f"--duration={_TOKEN_LIFETIME}")
    config = json.loads(cluster.layout.kubeconfig.read_text(encoding="utf-8"))
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token.strip()}}]
    path = cluster.layout.root / f"{name}.kubeconfig"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(config, stream)
    return path
