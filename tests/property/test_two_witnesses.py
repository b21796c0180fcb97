# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For every host that moves both witnesses agree, or a finding predicts the difference.

Hypothesis shrinks what does not agree; `make fidelity` tries many more clusters, with a fixed seed.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import make_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.search import search
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fidelity.random_cases import try_random_cases
from generated.clusters import GeneratedCluster, generated_cluster
from generated.drawn import DrawnChoices
from manifests import bundle

_REQUESTS = 200
_SEEDED = 150


@st.composite
def clusters(draw: Any) -> GeneratedCluster:
    return generated_cluster(DrawnChoices(draw))


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(clusters())
def test_no_request_tells_the_gateway_from_nginx(cluster: GeneratedCluster) -> None:
    found = bundle(
        *cluster.objects,
        certificates=cluster.certificates,
        settings=cluster.settings,
        serving=cluster.serving,
    )
    plan = make_plan(found, Options())
    assert all(unit.objects for unit in plan.resources())
    assert [str(item) for item in search(plan, _REQUESTS).found] == []


def test_nor_does_any_of_many_seeded_clusters() -> None:
    assert try_random_cases(_SEEDED) == (_SEEDED, [])


@pytest.mark.slow
def test_nor_does_any_of_twenty_thousand() -> None:
    assert try_random_cases(20_000)[1] == []
