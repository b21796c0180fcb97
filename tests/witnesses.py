# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks both witnesses about the hosts of a plan that move."""

from __future__ import annotations

from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.predictions import predict
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.witnesses import disagreements
from ansible_collections.sealos.istio_migration.plugins.module_utils._findings.finding import Level
from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Answer, Request
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.answer import answer as istio_answer
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.configuration import compile_configuration
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.answer import answer as nginx_answer
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.answer import locate
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan


class Witnesses:
    """Both witnesses of one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._gateway = compile_configuration([obj for unit in plan.resources() for obj in unit.objects])

    def nginx(self, *request: Any, **fields: Any) -> Answer:
        """Return what nginx answers to a request, given by the fields of :class:`Request`."""
        return nginx_answer(self.plan.site, Request(*request, **fields))

    def istio(self, *request: Any, **fields: Any) -> Answer:
        """Return what the gateway answers."""
        return istio_answer(self._gateway, Request(*request, **fields))

    def disagreements(self, *request: Any, **fields: Any) -> list[str]:
        """Return how the witnesses differ where no finding predicts it, or differ not as predicted."""
        asked = Request(*request, **fields)
        server, __ = locate(self.plan.site, asked)
        verdict = self.plan.conversion.verdicts.get(server.host)
        codes = {item.code for item in verdict.findings if item.level == Level.APPROXIMATE} if verdict else set()
        nginx = nginx_answer(self.plan.site, asked)
        predicted = predict(codes, self.plan.site, asked, nginx)
        return disagreements(nginx, istio_answer(self._gateway, asked), predicted)
