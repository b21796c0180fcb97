# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Families that a policy does not ask for, and are not looked at for it."""

from __future__ import annotations

import copy
from dataclasses import fields
from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.context import Context
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.draft import Draft
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.registry import FAMILIES, asked_families
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.routing import drafts
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.regex import UnsupportedPatternError
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import make_plan

from generated.choices import SeededChoices
from generated.clusters import generated_cluster
from manifests import bundle, ingress, path
from plans import plan_of


def _state(draft: Draft) -> dict[str, Any]:
    names = (item.name for item in fields(draft) if item.name not in ("server", "location"))
    return {name: copy.copy(getattr(draft, name)) for name in names} | {"main": copy.deepcopy(draft.main)}


def test_a_family_that_is_not_asked_for_finds_nothing_and_changes_nothing() -> None:
    skipped = 0
    for seed in range(60):
        made = generated_cluster(SeededChoices(seed))
        captured = bundle(*made.objects, certificates=made.certificates, settings=made.settings, serving=made.serving)
        site = make_plan(captured, Options()).site
        context = Context(site, Options())
        for server in site.servers.values():
            try:
                filled = list(drafts(server, site))
            except UnsupportedPatternError:
                continue
            for draft in filled:
                if draft.location.policy.denied:
                    continue
                asked = asked_families(draft.location.policy)
                for family in FAMILIES:
                    before = _state(draft)
                    found = list(family.carry(draft, context))
                    if family not in asked:
                        skipped += 1
                        assert found == []
                        assert _state(draft) == before
    assert skipped > 1000


def test_an_ordinary_ingress_asks_for_few_families_and_an_annotation_for_its_own() -> None:
    plan = plan_of(
        ingress("a.example.test", path("/", "web"), name="plain"),
        ingress("b.example.test", path("/", "web"), name="other", annotations={"mirror-target": "https://m.example"}),
    )
    plain, other = (
        {family.carry.__name__ for family in asked_families(plan.site.servers[host].locations[0].policy)}
        for host in ("a.example.test", "b.example.test")
    )
    assert other - plain == {"mirror"}
    assert {"backend", "retries", "to_https"} < plain
    assert not plain & {"cross_origin", "password", "external_auth", "limit_rates"}
