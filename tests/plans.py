# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways from objects of a test cluster to a plan and to what stands in it."""

from __future__ import annotations

from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.assemble import UnitResources
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.predictions import ALWAYS
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan, make_plan

from manifests import Object, bundle


def plan_of(*objects: Object, options: Options | None = None, **captured: Any) -> Plan:
    """Return the plan for a bundle of ``objects``; ``captured`` are further parts of the bundle."""
    return make_plan(bundle(*objects, **captured), options or Options())


def codes_of(plan: Plan, host: str | None = None) -> list[str]:
    """Return the codes of the plan's findings, each once, sorted; of one host where it is named."""
    return sorted({item.code for item in plan.conversion.findings if host in (None, item.host)} - _ALWAYS)


# Said of every cluster whose hosts move.
_ALWAYS = ALWAYS | {"BODY-SIZE-CHUNKED", "RETRY-AFTER-SEND"}


def units_of(plan: Plan) -> dict[str, UnitResources]:
    """Return the resources of each unit."""
    return {unit.unit: unit for unit in plan.resources()}


def objects_of(plan: Plan, kind: str) -> list[Object]:
    """Return all objects of one kind that the plan wants."""
    return [obj for unit in plan.resources() for obj in unit.objects if obj["kind"] == kind]


def routes_of(plan: Plan, host: str) -> list[Object]:
    """Return the routes of one host, in their order."""
    (found,) = (obj for obj in objects_of(plan, "VirtualService") if obj["spec"]["hosts"] == [host])
    routes: list[Object] = found["spec"]["http"]
    return routes
