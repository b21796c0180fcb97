# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/permissions.md, from the permissions that preflight asks for."""

from __future__ import annotations

import yaml
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.grants import (
    Grant,
    install_grants,
    migrate_grants,
    observe_grants,
    role_manifests,
)

_NGINX, _ISTIO, _NAMESPACE = "ingress-nginx", "istio-system", "istio-migration"

_TEXT = """# Permissions

Identities with just what they need: `migrate` reads the cluster and writes the Istio objects, `install` installs Istio
and the gateway, and `observe`, where the role of that name is used, brings rules and dashboards. None is an
administrator, and no rule has a wildcard.

Preflight prints the first two as manifests, with `-e preflight_observe=true` all of them, for the names that your
inventory uses, and checks each permission before anything is changed:

```console
ansible-playbook playbooks/plan.yml -l cluster-a -e preflight_print_roles=true
```

It writes `migration/cluster-a/roles.yaml`; an administrator applies that file once. Below is what it says where
everything has its default name.
"""


def permissions_page() -> str:
    """Return the page: how to get the manifests, and what is in them."""
    parts = [_TEXT]
    for purpose, grants in (
        ("migrate", migrate_grants(_NGINX, _NGINX, _ISTIO)),
        ("install", install_grants(_NGINX, _ISTIO)),
        ("observe", observe_grants(_NGINX, _NGINX)),
    ):
        parts.append(f"## {purpose}\n\n{_table(grants)}\n\n```yaml\n{_manifests(purpose, grants)}```\n")
    return "\n".join(parts)


def _table(grants: list[Grant]) -> str:
    rows = [f"| {_scope(grant)} | {', '.join(grant.resources)} | {', '.join(grant.verbs)} |" for grant in grants]
    return "\n".join(("| where | what | verbs |", "|---|---|---|", *rows))


def _scope(grant: Grant) -> str:
    return grant.namespace or "the whole cluster"


def _manifests(purpose: str, grants: list[Grant]) -> str:
    objects = role_manifests(f"sealos-istio-migration-{purpose}", grants, (_NAMESPACE, purpose))
    return "---\n".join(yaml.safe_dump(obj, sort_keys=False) for obj in objects)
