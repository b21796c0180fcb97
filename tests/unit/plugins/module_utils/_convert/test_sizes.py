# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No object is larger than an API server accepts, and one huge host holds back nothing but itself."""

from __future__ import annotations

from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.digests import canonical_json

from manifests import ingress, path, service
from plans import codes_of, objects_of, plan_of

LIMIT = 1_500_000


def test_a_host_with_too_many_paths_stays_on_nginx_alone() -> None:
    many = [path(f"/p{number}/{'x' * 200}") for number in range(2500)]
    plan = plan_of(ingress("huge.example.test", *many), ingress("a.example.test", name="a"), service())
    assert codes_of(plan, "huge.example.test") == ["HOST-TOO-LARGE"]
    assert plan.conversion.verdicts["a.example.test"].moves
    assert all(
        len(canonical_json(obj)) < LIMIT for kind in ("VirtualService", "Gateway") for obj in objects_of(plan, kind)
    )


def test_many_patches_are_split() -> None:
    hosts = [f"h{number}.example.test" for number in range(1000)]
    networks = ",".join(f"10.{number}.0.0/16" for number in range(30))
    plan = plan_of(ingress(hosts, annotations={"whitelist-source-range": networks}), service())
    filters = objects_of(plan, "EnvoyFilter")
    assert len(filters) > 2
    assert all(len(canonical_json(obj)) < LIMIT for obj in filters)
    patched = [patch for obj in filters for patch in obj["spec"]["configPatches"] if patch["applyTo"] == "HTTP_ROUTE"]
    assert len(patched) == 1000
