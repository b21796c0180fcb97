# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before anything is done: everything that an identity may not do is named, and how an administrator grants it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.access import missing_permissions
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.api import Api
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.connection import connect

from harness import identities
from harness.controller import Controller
from harness.site import Object
from harness.target import HOME, Target

Rule = dict[str, list[str]]


@pytest.fixture(scope="module")
def powerless(target: Target, controller: Controller) -> dict[str, str]:
    """Variables of a controller whose identities may do nothing."""
    kubeconfig = str(identities.make_powerless(target, controller.folder))
    return {"migration_kubeconfig": kubeconfig, "migration_install_kubeconfig": kubeconfig}


def test_all_that_is_missing_is_in_one_message_and_nothing_is_done(
    target: Target, controller: Controller, powerless: dict[str, str]
) -> None:
    before = target.versions()
    run = controller.run("migrate", expect=2, **powerless)
    assert target.versions() == before
    said = run.failure(target.name)
    assert f"{target.name} is not ready. Nothing was changed." in said
    wanted = [
        "list ingresses.networking.k8s.io in the whole cluster",
        f"create leases.coordination.k8s.io in namespace {HOME}",
        "escalate clusterroles.rbac.authorization.k8s.io named istiod-clusterrole-istio-system in the whole cluster",
    ]
    assert [line for line in wanted if f"this identity may not {line} " not in said] == []


def test_the_roles_that_plan_prints_are_those_that_it_asks_for(
    target: Target, controller: Controller, powerless: dict[str, str]
) -> None:
    controller.run("plan", preflight_print_roles=True, **powerless)
    text = (controller.directory(target.name) / "roles.yaml").read_text(encoding="utf-8")
    printed = list(yaml.safe_load_all(text))
    expected = [obj for purpose in identities.PURPOSES for obj in identities.roles(purpose)]
    assert [obj for obj in expected if obj not in printed] == []
    assert [obj for obj in printed if obj not in expected] == []


@dataclass(frozen=True, slots=True)
class Model:
    """Role-based access control as Kubernetes documents it: a second witness for what an identity may do."""

    roles: tuple[Object, ...]

    def post(self, path: str, review: dict[str, Any]) -> dict[str, Any]:
        """Answer an access review."""
        question = review["spec"]["resourceAttributes"]
        return {"status": {"allowed": any(self._allows(role, question) for role in self.roles)}}

    def _allows(self, role: Object, question: dict[str, str]) -> bool:
        if role["kind"] == "Role" and role["metadata"]["namespace"] != question["namespace"]:
            return False
        resource = "/".join(filter(None, (question["resource"], question.get("subresource"))))
        return any(
            question["group"] in rule["apiGroups"]
            and resource in rule["resources"]
            and question["verb"] in rule["verbs"]
            and ("resourceNames" not in rule or question.get("name") in rule["resourceNames"])
            for rule in role["rules"]
        )


def without_rule(number: int, rules: list[Rule]) -> list[Rule]:
    return [rule for index, rule in enumerate(rules) if index != number]


def without_verb(number: int, rules: list[Rule]) -> list[Rule]:
    """Take one verb from each rule; a rule that has no other is left out."""
    kept = [{**rule, "verbs": [*rule["verbs"][:number], *rule["verbs"][number + 1 :]]} for rule in rules]
    return [rule for rule in kept if rule["verbs"]]


def reduced(purpose: str, reduce: Callable[[int, list[Rule]], list[Rule]], number: int) -> tuple[Object, ...]:
    roles = (obj for obj in identities.roles(purpose) if obj["kind"] in ("Role", "ClusterRole"))
    return tuple({**role, "rules": reduce(number, role["rules"])} for role in roles)


def steps(purpose: str, reduce: Callable[[int, list[Rule]], list[Rule]]) -> Iterable[tuple[Object, ...]]:
    """Yield roles with less and less of them left out, until there is nothing more to leave out."""
    whole = reduced(purpose, lambda _, rules: rules, 0)
    return itertools.takewhile(lambda roles: roles != whole, (reduced(purpose, reduce, n) for n in itertools.count()))


@pytest.mark.parametrize("reduce", [without_rule, without_verb])
@pytest.mark.parametrize("purpose", identities.PURPOSES)
def test_each_missing_permission_is_named(
    target: Target,
    granted: None,
    eventually: Callable[..., Any],
    purpose: str,
    reduce: Callable[[int, list[Rule]], list[Rule]],
) -> None:
    """Each role loses its first rule (or each rule its first verb), then the second one, and so on."""
    api = Api(connect({"kubeconfig": str(target.cluster.layout.root / f"{purpose}.kubeconfig")}))
    grants = identities.grants(purpose)
    asked = 0
    try:
        for roles in steps(purpose, reduce):
            expected = missing_permissions(Model(roles), grants)  # type: ignore[arg-type]
            assert expected, "what was left out is not needed"
            target.cluster.apply(roles)
            # The API server learns of changed roles by watching them.
            eventually(lambda: missing_permissions(api, grants), expected, seconds=10)
            asked += 1
    finally:
        target.cluster.apply(identities.roles(purpose))
    assert asked > 5
    eventually(lambda: missing_permissions(api, grants), [], seconds=10)
