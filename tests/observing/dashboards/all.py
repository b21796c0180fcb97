# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every dashboard by the name of its file."""

from __future__ import annotations

import json

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from observing.dashboards.drawing import Dashboard, draw
from observing.dashboards.gateway import GATEWAY
from observing.dashboards.migration import MIGRATION
from observing.dashboards.service import SERVICE
from observing.dashboards.workload import WORKLOAD
from observing.role import CHECKOUT

FOLDER = CHECKOUT / "roles" / "observe" / "files" / "dashboards"
DASHBOARDS: tuple[Dashboard, ...] = (MIGRATION, SERVICE, WORKLOAD, GATEWAY)


def dashboards() -> dict[str, str]:
    """Return the text of each file: JSON with sorted keys."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    found = {}
    for dashboard in DASHBOARDS:
        # Once through the parser: the SDK's encoder has objects of its own.
        content = json.loads(encoder.encode(draw(dashboard)))
        found[f"{dashboard.name}.json"] = json.dumps(content, sort_keys=True, indent=2) + "\n"
    return found
