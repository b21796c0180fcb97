# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search finds a wrong route, holds its host back, and is the same each time."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._search import search as search_module
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.requests import requests_for
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.search import search, searched_plan

from manifests import bundle, ingress, path, service
from plans import codes_of, plan_of

HOST = "a.example.test"
OTHER = "b.example.test"


def objects() -> list[Any]:
    return [
        ingress(HOST, path("/"), path("/api/", "api")),
        ingress(OTHER, name="other", namespace="blog"),
        service(),
        service("api"),
        service(namespace="blog"),
    ]


def test_requests_are_the_same_each_time_and_of_many_kinds() -> None:
    server = plan_of(*objects()).site.servers[HOST]
    tried = list(requests_for(server, 400))
    assert tried == list(requests_for(server, 400))
    assert len(tried) == 400
    assert {request.scheme for request in tried} == {"http", "https"}
    assert {"/api", "/api/", "/API/"} <= {request.path for request in tried}
    assert len({request.method for request in tried}) > 3


def test_the_budget_is_kept_and_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module.Witnesses, "disagreements", lambda *_: ())
    plan = plan_of(*objects())
    outcome = search(plan, 50)
    assert (outcome.hosts, outcome.requests) == (2, 50)
    assert search(plan, 1).requests == 1
    assert search(plan, 0).requests == 0


def test_a_wrong_route_is_found_and_its_host_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = search_module.compile_configuration

    def forgetful(found: Any, idle: Any) -> Any:
        gateway = whole(found, idle)
        for server in (gateway.http, *gateway.tls):
            routes = server.virtual_hosts.get(HOST, [])
            routes[:] = [route for route in routes if route.match.path.prefix != "/api/"]
        return gateway

    monkeypatch.setattr(search_module, "compile_configuration", forgetful)
    plan = searched_plan(bundle(*objects()), Options(search_requests=8))
    assert not plan.conversion.verdicts[HOST].moves
    assert plan.conversion.verdicts[OTHER].moves
    assert "COUNTER-EXAMPLE" in codes_of(plan, HOST)
    assert plan.searched["counter_examples"] == 1
    (found,) = (item for item in plan.conversion.findings if item.code == "COUNTER-EXAMPLE")
    assert "/api/" in found.message
