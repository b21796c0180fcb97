# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks both witnesses about the hosts of a plan that move, in few words."""

from __future__ import annotations

from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Answer, Request
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._search import search


class Witnesses:
    """Both witnesses of one plan; requests are given by the fields of :class:`Request`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def nginx(self, *request: Any, **fields: Any) -> Answer:
        """Return what nginx answers."""
        return search.Witnesses(self.plan).nginx(Request(*request, **fields))

    def istio(self, *request: Any, **fields: Any) -> Answer:
        """Return what the gateway answers."""
        return search.Witnesses(self.plan).istio(Request(*request, **fields))

    def disagreements(self, *request: Any, **fields: Any) -> list[str]:
        """Return how the witnesses differ where no finding predicts it, or differ not as predicted."""
        return list(search.Witnesses(self.plan).disagreements(Request(*request, **fields)))
