# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo declares, what it shows of a run, and what it counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demo import certificates, checks
from demo.applications import Expectation, Traffic, read_applications
from demo.errors import DemoError
from demo.playbooks import Digest, Run

OUTPUT = """\
TASK [Look at the cluster] *****
TASK [sealos.istio_migration.preflight : Look at the cluster] *****
ok: [a]
TASK [sealos.istio_migration.wave : Validating arguments against arg spec 'main' - Move one wave, or take it back] ***
TASK [move | Apply] ****
TASK [move | Verify] ****
fatal: [a]: FAILED! =>
    changed: false
    msg: 'the planes differ for h: probe 1 answers status'
TASK [move | Roll back] ****
TASK [sealos.istio_migration.wave : Validating arguments against arg spec 'main' - Move one wave, or take it back] ***
PLAY RECAP ****
a                : ok=7    changed=2    unreachable=0    failed=1    skipped=0    rescued=1    ignored=0
"""


def test_the_cluster_is_as_large_as_promised() -> None:
    applications = read_applications()
    assert applications.count("Namespace") == 12
    assert applications.count("Ingress") == 40
    assert {route.traffic for route in applications.routes} >= {Traffic.WEBSOCKET, Traffic.GRPC, Traffic.HTTP2}
    assert all(applications.hosts(expectation) for expectation in Expectation)


def test_hosts_that_two_ingresses_declare_differently_are_refused(tmp_path: Path) -> None:
    text = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: NAME, namespace: n, annotations: {demo.sealos.io/expect: EXPECT}}
spec: {rules: [{host: h.example.test, http: {paths: [{path: /, backend: {service: {name: s}}}]}}]}
"""
    both = (("one", "migrated"), ("two", "held-back"))
    documents = [text.replace("NAME", name).replace("EXPECT", declared) for name, declared in both]
    (tmp_path / "both.yaml").write_text("---".join(documents))
    with pytest.raises(DemoError, match=r"both\.yaml: Ingress two .*host h\.example\.test is declared migrated"):
        read_applications(tmp_path)


def test_one_wildcard_certificate_is_copied_into_many_namespaces() -> None:
    secrets, authority = certificates.secrets(read_applications().certificates)
    shared = [secret for secret in secrets if secret["metadata"]["name"] == "wildcard-cert"]
    assert len(shared) > 5
    assert len({secret["data"]["tls.crt"] for secret in shared}) == 1
    assert len({secret["data"]["tls.crt"] for secret in secrets}) == 2
    assert authority.startswith(b"-----BEGIN CERTIFICATE-----")


def test_the_digest_shows_stages_waves_and_failures() -> None:
    said: list[str] = []
    digest = Digest(said.append)
    for line in OUTPUT.splitlines():
        digest.take(line)
    assert [line.strip() for line in said] == [
        "Look at the cluster",
        "wave 1",
        "apply",
        "verify on both planes",
        "failed:",
        "the planes differ for h: probe 1 answers status",
        "ROLL BACK",
    ]


def test_figures_of_the_recap() -> None:
    assert Run(0, OUTPUT).count("a", "changed") == 2
    assert Run(0, OUTPUT).count("b", "changed") == -1


def report(**states: str) -> dict[str, Any]:
    proof = {"probes": 400, "described": 3, "different": 0}
    broken = {"probes": 90, "described": 0, "different": 7}
    return {
        "hosts": [{"host": host, "state": state} for host, state in states.items()],
        "units": [{"state": "verified", "proof": proof}, {"state": "rolled_back", "proof": broken}],
    }


LOAD = {"totals": {"requests": 6000, "failures": 0, "not_sent": 0}}


def test_the_last_line_counts_the_waves_that_stay() -> None:
    found = checks.figures(report(a="verified", b="rolled_back", c="held_back"), LOAD, 12.4)
    assert str(found) == (
        "demo: hosts=3 migrated=1 held_back=1 rolled_back=1 probes=400 described=3 differences=0 failed_requests=0 "
        "requests=6000 seconds=12"
    )


def test_what_is_wrong_is_said() -> None:
    applications = read_applications()
    totals = {"requests": 10, "failures": 1, "not_sent": 1}
    found = checks.figures(report(a="verified"), {"totals": totals}, 1)
    wrong = list(checks.wrong_figures(found, applications))
    assert "2 requests failed" in wrong
    assert "only 10 requests were sent, not 5000" in wrong
    assert any(line.startswith("the report has 1 hosts") for line in wrong)
    hosts = list(checks.wrong_hosts(applications, report()))
    served = [host for host, declared in applications.expected.items() if declared != Expectation.LEFT_ALONE]
    assert len(hosts) == len(served), "hosts of another controller are not in the report"
