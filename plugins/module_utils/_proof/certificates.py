# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether both planes show the certificates that the plan says (design.md, Proof). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from .comparison import Verdict
from .openssl import Shown
from .synthesis import request_host

OTHER = "OTHER-CERTIFICATE"
DEFAULT = "DEFAULT-CERTIFICATE"

NO_SUCH_HOST = "i2i-probe.invalid"
"""A name that no certificate is for (RFC 6761 6.4): what a plane shows for it is its default certificate."""


@dataclass(frozen=True, slots=True)
class ExpectedCertificate:
    """What the plan says about one host.

    ``name`` is asked for; ``nginx`` and ``istio`` are fingerprints of leaves, empty for a plane's default certificate;
    ``described`` tells whether a finding says that they differ.
    """

    host: str
    name: str
    nginx: str = ""
    istio: str = ""
    described: bool = False

    @classmethod
    def from_plan(cls, line: dict[str, Any], hosts: Container[str]) -> ExpectedCertificate:
        """Return what a line of ``hosts.jsonl`` says; ``hosts`` are all hosts of the plan. Raises KeyError."""
        name = request_host(line["host"], hosts)
        planned = line["certificate"]
        return cls(line["host"], name, planned["nginx"], planned["istio"], OTHER in line["described_by"])


@dataclass(frozen=True, slots=True)
class CertificateComparison:
    """The outcome for one host: ``code`` is the finding that describes the difference, ``problem`` what is wrong."""

    host: str
    name: str
    nginx: Shown
    istio: Shown
    verdict: Verdict
    code: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PlaneCertificates:
    """What one plane shows, by name, and what it shows for a name that it does not know: its default certificate."""

    default: Shown
    shown: Mapping[str, Shown]

    def is_planned(self, shown: Shown, planned: str) -> bool:
        """Tell whether ``shown`` is the certificate that the plan means."""
        if planned:
            return shown.leaf == planned
        # Every Pod of ingress-nginx makes a fake certificate of its own.
        fake = _FAKE in shown.subject and _FAKE in self.default.subject
        return bool(shown.leaf) and (shown.leaf == self.default.leaf or fake)


_FAKE = "CN=Kubernetes Ingress Controller Fake Certificate"


def compare_certificates(
    expected: ExpectedCertificate, nginx: PlaneCertificates, istio: PlaneCertificates
) -> CertificateComparison:
    """Compare what both planes show for one host; both must have been asked for it."""
    ours, theirs = nginx.shown[expected.name], istio.shown[expected.name]
    outcome = partial(CertificateComparison, expected.host, expected.name, ours, theirs)
    for plane, shown in (("nginx", ours), ("istio", theirs)):
        if not shown.leaf:
            return outcome(Verdict.DIFFERENT, problem=f"{plane} shows none: {shown.error}")
    nginx_as_planned = nginx.is_planned(ours, expected.nginx)
    if ours.leaf == theirs.leaf:
        if ours.chain != theirs.chain:
            return outcome(Verdict.DIFFERENT, problem="the planes send different certificates after the same leaf")
        # That two addresses show the same is no proof when neither shows what the plane had: both may be a proxy's.
        return (
            outcome(Verdict.EQUAL)
            if nginx_as_planned
            else outcome(Verdict.DIFFERENT, problem=_stranger(expected, ours))
        )
    code = _code(expected)
    if code and nginx_as_planned and istio.is_planned(theirs, expected.istio):
        return outcome(Verdict.DESCRIBED, code=code)
    return outcome(Verdict.DIFFERENT, problem=_problem(expected, ours, theirs))


def _code(expected: ExpectedCertificate) -> str:
    """Return the finding that lets the planes show different certificates, empty where none does."""
    if not (expected.nginx or expected.istio):
        return DEFAULT
    return OTHER if expected.described else ""


def _stranger(expected: ExpectedCertificate, shown: Shown) -> str:
    meant = expected.nginx[:_SHORT] if expected.nginx else "the default"
    return (
        f"both planes show {shown.leaf[:_SHORT]} (the plan says {meant}): it was renewed since the plan was made, or "
        "the addresses do not lead to the planes; check them, and make a new plan"
    )


def _problem(expected: ExpectedCertificate, ours: Shown, theirs: Shown) -> str:
    parts = []
    for plane, shown, planned in (("nginx", ours, expected.nginx), ("istio", theirs, expected.istio)):
        meant = planned[:_SHORT] if planned else "the default"
        parts.append(f"{plane} shows {shown.leaf[:_SHORT]} (the plan says {meant})")
    return ", ".join(parts)


_SHORT = 12
