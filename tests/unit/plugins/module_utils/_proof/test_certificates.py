# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of both planes against each other and against the plan."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.certificates import (
    CertificateComparison,
    ExpectedCertificate,
    PlaneCertificates,
    compare_certificates,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.comparison import Verdict
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.openssl import Shown

FAKE = "O=Acme Co,CN=Kubernetes Ingress Controller Fake Certificate"


def outcome(nginx: Shown, istio: Shown, planned: str, described: bool = False) -> CertificateComparison:
    """``planned`` is "nginx istio", a dash for the default certificate."""
    ours, theirs = ("" if word == "-" else word for word in planned.split())
    expected = ExpectedCertificate("a.test", "a.test", ours, theirs, described)
    return compare_certificates(
        expected,
        PlaneCertificates(Shown(("default-n",), FAKE), {"a.test": nginx}),
        PlaneCertificates(Shown(("default-i",)), {"a.test": istio}),
    )


def shown(*chain: str, subject: str = "") -> Shown:
    return Shown(chain, subject)


@pytest.mark.parametrize(
    ("nginx", "istio", "planned", "described", "verdict"),
    [
        ("a", "a", "a a", False, "equal"),
        ("default-n", "default-i", "- -", False, "described"),
        ("default-n", "b", "- b", True, "described"),
        ("a", "b", "a b", True, "described"),
        ("a", "b", "a b", False, "different"),
        ("a", "default-i", "a -", False, "different"),
        ("a", "b", "a a", False, "different"),
        ("c", "b", "a b", True, "different"),
        ("a", "c", "a b", True, "different"),
        ("x", "default-i", "- -", False, "different"),
        ("default-n", "x", "- -", False, "different"),
        ("new", "new", "a a", False, "different"),
        ("new", "a", "a a", False, "different"),
        ("default-n", "default-n", "- b", True, "equal"),
    ],
)
def test_verdicts(nginx: str, istio: str, planned: str, described: bool, verdict: str) -> None:
    found = outcome(shown(nginx), shown(istio), planned, described)
    assert found.verdict == verdict
    assert bool(found.code) == (verdict == "described")
    assert bool(found.problem) == (verdict == "different")


def test_two_planes_with_the_same_strange_certificate_prove_nothing() -> None:
    found = outcome(shown("new"), shown("new"), "a a")
    assert found.problem.startswith(
        "both planes show new (the plan says a): it was renewed since the plan was made, or"
    )


def test_each_pod_of_ingress_nginx_has_a_fake_certificate_of_its_own() -> None:
    assert outcome(shown("another", subject=FAKE), shown("default-i"), "- -").verdict is Verdict.DESCRIBED


def test_chains_are_compared_beyond_the_leaf() -> None:
    found = outcome(shown("a", "issuer"), shown("a"), "a a")
    assert (found.verdict, found.problem) == (
        Verdict.DIFFERENT,
        "the planes send different certificates after the same leaf",
    )


def test_a_plane_without_certificate_is_named_with_its_reason() -> None:
    silent = Shown(error="system library: Connection refused")
    found = outcome(shown("a"), silent, "a a")
    assert found.problem == "istio shows none: system library: Connection refused"
    assert outcome(silent, shown("a"), "a a").problem.startswith("nginx shows none")


def test_the_plan_says_what_is_expected() -> None:
    line = {
        "host": "*.a.test",
        "certificate": {"nginx": "1", "istio": "2"},
        "described_by": ["OTHER-CERTIFICATE", "REDIRECT-KEEPS-SLASH"],
    }
    assert ExpectedCertificate.from_plan(line, {"i2i-probe.a.test"}) == ExpectedCertificate(
        "*.a.test", "i2i-probe1.a.test", "1", "2", described=True
    )
    assert not ExpectedCertificate.from_plan({**line, "described_by": []}, ()).described
