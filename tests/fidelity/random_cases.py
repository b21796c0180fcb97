# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both witnesses on generated clusters: a fixed seed, so every run tries the same cases."""

from __future__ import annotations

from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan, make_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.search import search

from generated.choices import SeededChoices
from generated.clusters import generated_cluster
from manifests import bundle

_REQUESTS = 60
"""Requests for each cluster; a case is one cluster with its requests."""


def plan_of_case(seed: int) -> Plan:
    """Return the plan of one generated cluster."""
    case = generated_cluster(SeededChoices(seed))
    found = bundle(
        *case.objects,
        certificates=case.certificates,
        settings=case.settings,
        serving=case.serving,
    )
    return make_plan(found, Options())


def try_random_cases(count: int) -> tuple[int, list[str]]:
    """Try ``count`` clusters and return how many were tried, and the counter-examples."""
    found: list[str] = []
    for seed in range(count):
        plan = plan_of_case(seed)
        for __ in plan.resources():
            pass
        found += [f"seed {seed}: {item}" for item in search(plan, _REQUESTS).found]
    return count, found
