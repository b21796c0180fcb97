# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The permissions of the identities: nothing without a use, no wildcard, every question asked."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.access import missing_permissions
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.grants import (
    Grant,
    install_grants,
    migrate_grants,
    observe_grants,
    role_manifests,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.ordering import WRITE_ORDER
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.kinds import KINDS

from .conftest import MemoryApi

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
MIGRATE = migrate_grants("edge", "edge", "istio-system")
INSTALL = install_grants("edge", "istio-system")
OBSERVE = observe_grants("edge", "ingress-nginx")


def allows(grants: list[Grant], verb: str, group: str, resource: str, namespace: str) -> bool:
    return any(
        grant.group == group
        and resource in grant.resources
        and verb in grant.verbs
        and grant.namespace in ("", namespace)
        and not grant.names
        for grant in grants
    )


@pytest.mark.parametrize("kind", WRITE_ORDER)
@pytest.mark.parametrize("verb", ["create", "get", "list", "patch", "update", "delete"])
def test_everything_that_is_written_may_be_written_where_it_lives(kind: str, verb: str) -> None:
    place = "shop" if kind in ("VirtualService", "DestinationRule") else "edge"
    assert allows(MIGRATE, verb, KINDS[kind].group, KINDS[kind].plural, place)


@pytest.mark.parametrize("kind", [kind for kind in WRITE_ORDER if kind not in ("VirtualService", "DestinationRule")])
def test_nothing_else_may_be_written_beside_applications(kind: str) -> None:
    assert not allows(MIGRATE, "patch", KINDS[kind].group, KINDS[kind].plural, "shop")


@pytest.mark.parametrize("plural", ["ingresses", "ingressclasses", "services", "endpointslices"])
def test_the_source_is_never_written(plural: str) -> None:
    verbs = {verb for grant in MIGRATE if plural in grant.resources for verb in grant.verbs}
    assert verbs == {"get", "list"}


@pytest.mark.parametrize("grants", [MIGRATE, INSTALL, OBSERVE], ids=["migrate", "install", "observe"])
def test_there_is_no_wildcard(grants: list[Grant]) -> None:
    for grant in grants:
        for word in (grant.group, *grant.resources, *grant.verbs, *grant.names):
            assert "*" not in word


def test_rights_beyond_its_own_are_bound_to_names() -> None:
    for grant in (*INSTALL, *MIGRATE):
        if {"bind", "escalate", "impersonate"} & set(grant.verbs):
            assert grant.names


def test_a_grant_asks_for_everything_in_it() -> None:
    grant = Grant("g", ("a", "b/sub"), ("get", "list"), "ns", ("x", "y"))
    questions = list(grant.questions())
    assert len(questions) == 8
    assert {
        "group": "g",
        "resource": "b",
        "subresource": "sub",
        "verb": "list",
        "namespace": "ns",
        "name": "y",
    } in questions
    assert grant.rule() == {
        "apiGroups": ["g"],
        "resources": ["a", "b/sub"],
        "verbs": ["get", "list"],
        "resourceNames": ["x", "y"],
    }


def test_roles_hold_the_grants_and_nothing_more() -> None:
    found = role_manifests("migrate", MIGRATE, ("edge", "migrator"))
    kinds = [obj["kind"] for obj in found]
    assert kinds[:2] == ["Namespace", "Namespace"]
    assert kinds.count("ClusterRole") == kinds.count("ClusterRoleBinding") == 1
    rules = [
        (obj["metadata"].get("namespace", ""), str(rule))
        for obj in found
        if obj["kind"] in ("Role", "ClusterRole")
        for rule in obj["rules"]
    ]
    assert sorted(rules) == sorted((grant.namespace, str(grant.rule())) for grant in MIGRATE)
    for obj in found:
        if obj["kind"].endswith("Binding"):
            assert obj["subjects"] == [{"kind": "ServiceAccount", "namespace": "edge", "name": "migrator"}]
            assert obj["roleRef"]["kind"] == obj["kind"].removesuffix("Binding")


def test_one_namespace_for_both_needs_no_grant_twice() -> None:
    found = install_grants("istio-system", "istio-system")
    assert len(found) == len(set(found))


def test_what_is_missing_is_said_in_words_sorted_and_once() -> None:
    api = MemoryApi()
    asked = []

    def review(body: Any) -> Any:
        attributes = body["spec"]["resourceAttributes"]
        asked.append(attributes)
        return {"status": {"allowed": attributes["verb"] != "delete"}}

    api.answers[REVIEWS] = review
    grants = [
        Grant("", ("secrets",), ("get", "delete"), "edge"),
        Grant("networking.istio.io", ("gateways",), ("delete",)),
        Grant("networking.istio.io", ("gateways",), ("delete",)),
        Grant("", ("pods/proxy",), ("delete",), "edge", ("a",)),
    ]
    assert missing_permissions(api, grants) == [
        "delete gateways.networking.istio.io in the whole cluster",
        "delete pods/proxy named a in namespace edge",
        "delete secrets in namespace edge",
    ]
    assert len(asked) == 5


@pytest.mark.parametrize("answer", [{}, {"status": None}, {"status": {}}, {"status": {"denied": True}}])
def test_an_answer_that_does_not_allow_denies(answer: Any) -> None:
    api = MemoryApi()
    api.answers[REVIEWS] = lambda body: answer
    assert missing_permissions(api, [Grant("", ("pods",), ("get",))]) == ["get pods in the whole cluster"]
