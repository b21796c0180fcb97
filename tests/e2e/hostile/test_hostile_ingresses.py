# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway that serves what hundreds of hostile Ingresses became refuses no update, and still answers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.api import Api
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.connection import connect
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.gateway_pods import read_rejections
from ansible_collections.sealos.istio_migration.plugins.module_utils._findings.codes import CODES
from ansible_collections.sealos.istio_migration.plugins.module_utils._findings.finding import Level
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import StoredPlan

from generated.choices import SeededChoices
from generated.hostile import hostile_ingress
from golden.bed import Bed
from harness import site
from harness.target import HOME, Answer, Target
from sandbox.cluster import Cluster, CommandError

pytestmark = pytest.mark.slow

NAME = "test-hostile"
SEEDS = range(400)
CALM = [f"calm-{number}.example.test" for number in range(5)]
_BATCH = 20
_ACCEPTED = [code.name for code in CODES.values() if code.level == Level.CONSENT]
"""The careless operator: whatever can be accepted is converted."""


@dataclass(frozen=True, slots=True)
class Served:
    """The cluster behind the gateway, the plan, and how many hostile Ingresses the API server admitted."""

    target: Target
    plan: StoredPlan
    admitted: int


def _objects() -> list[site.Object]:
    """Return an application, a Service and an Ingress of each seed, and a few harmless hosts."""
    deployment, front = site.application("shop")
    services, ingresses = [], []
    for seed in SEEDS:
        own = f"web-{seed}"
        services.append({**front, "metadata": {"name": own, "namespace": "shop"}})
        host = f"h{seed}.hostile.example.test"
        ingresses.append(hostile_ingress(SeededChoices(seed), host, f"h{seed}", "shop", own))
        del ingresses[-1]["metadata"]["creationTimestamp"]
    calm = [site.ingress("calm", host, "/", name=host.partition(".")[0]) for host in CALM]
    return [
        *(site.namespace(name) for name in ("shop", "calm")),
        *(deployment, front, *services, *site.application("calm")),
        site.certificate("shop", "cert", ["*.hostile.example.test"]),
        *calm,
        *ingresses,
    ]


@pytest.fixture(name="served", scope="module")
def fixture_served(start_sandbox: Callable[[str], Cluster], tmp_path_factory: pytest.TempPathFactory) -> Served:
    target = Target(start_sandbox(NAME))
    bed = Bed(target, tmp_path_factory.mktemp("hostile"))
    bed.install_istio()
    bed.configure({"annotations-risk-level": "Critical", "allow-snippet-annotations": "true"})
    # Only the gateway is looked at: nginx itself does not survive what its own webhook would have refused.
    target.cluster.kubectl("delete", "validatingwebhookconfigurations", "--all")
    target.cluster.kubectl("scale", "deployment/ingress-nginx-controller", f"--namespace={HOME}", "--replicas=0")
    objects = _objects()
    for start in range(0, len(objects), _BATCH):
        with contextlib.suppress(CommandError):
            # kubectl goes on after an object that the API server refuses.
            target.cluster.apply(objects[start : start + _BATCH])
    bed.wait_for_backends(("shop", "calm"))
    names = target.cluster.kubectl("get", "ingresses", "--namespace=shop", "--output=name").split()
    return Served(target, bed.bring(bed.plan(_ACCEPTED)), len(names))


def _rejections(target: Target) -> dict[str, int]:
    """Return how many updates each ready Pod of the gateway has refused."""
    api = Api(connect({"kubeconfig": str(target.cluster.layout.kubeconfig)}), 60)
    return read_rejections(api, HOME, {"istio": "ingress"}).totals()


def test_hundreds_are_admitted_and_most_of_them_move(served: Served) -> None:
    moving = [host for host in served.plan.hosts() if host["moves"] and ".hostile." in host["host"]]
    assert served.admitted >= 200
    assert len(moving) >= 100


def test_no_update_is_refused(served: Served) -> None:
    found = _rejections(served.target)
    assert found
    assert set(found.values()) == {0}


def test_every_host_answers(served: Served) -> None:
    for host in CALM:
        assert served.target.answer("istio", f"http://{host}/") == Answer(200, "calm")
    hosts = [str(host["host"]) for host in served.plan.hosts() if host["moves"]]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda host: served.target.answer("istio", f"http://{host}/"), hosts))
    assert all(answer.status in range(200, 600) for answer in answers)
    assert sum(answer == Answer(200, "shop") for answer in answers) >= 20


def test_a_new_gateway_gets_ready_with_it(served: Served) -> None:
    """One that is refused a part of its first configuration never does."""
    before = set(_rejections(served.target))
    served.target.cluster.kubectl("rollout", "restart", "deployment/istio-ingress", f"--namespace={HOME}")
    served.target.rolled_out(HOME, "istio-ingress")
    found = {name: count for name, count in _rejections(served.target).items() if name not in before}
    assert found
    assert set(found.values()) == {0}
    assert served.target.answer("istio", f"http://{CALM[0]}/") == Answer(200, "calm")
