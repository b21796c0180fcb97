# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof: what both planes answered to the probes of a unit or wave (design.md, Proof). PRIVATE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .certificates import CertificateComparison
from .comparison import Comparison, Verdict
from .openssl import Shown
from .probes import Probe
from .redaction import shown_body, shown_location
from .replies import Reply


@dataclass(frozen=True, slots=True)
class Result:
    """One probe, the last answer of each plane, and the outcome."""

    probe: Probe
    nginx: Reply
    istio: Reply
    comparison: Comparison

    def as_dict(self) -> dict[str, Any]:
        """Return the result as one line of the proof: no value of it can be a secret."""
        outcome = self.comparison
        line: dict[str, Any] = {
            "id": self.probe.id,
            "server": self.probe.server,
            "request": {
                "method": self.probe.method,
                "scheme": self.probe.scheme,
                "host": self.probe.host,
                "target": self.probe.target,
                "headers": [list(pair) for pair in self.probe.headers],
            },
            "why": self.probe.why,
            "verdict": outcome.verdict.value,
            "nginx": _reply(self.nginx),
            "istio": _reply(self.istio),
        }
        if outcome.deviations:
            line["differences"] = [
                {
                    "field": item.field,
                    "nginx": item.nginx,
                    "istio": item.istio,
                    "code": item.code,
                    "as_predicted": item.as_predicted,
                }
                for item in outcome.deviations
            ]
        if outcome.noise:
            line["noise"] = list(outcome.noise)
        if outcome.model:
            line["model"] = outcome.model
        return line


@dataclass(frozen=True, slots=True)
class Proof:
    """What was asked of both planes for ``name`` (a unit or a wave), and the outcome.

    ``taken_at`` is RFC 3339; ``addresses`` are those of each plane by scheme; ``seconds`` is how long it took and
    ``rounds`` how often the gateway was asked again. Results are sorted by host and probe, certificates by host.
    """

    name: str
    taken_at: str
    addresses: Mapping[str, Mapping[str, str]]
    results: tuple[Result, ...]
    certificates: tuple[CertificateComparison, ...]
    seconds: float
    rounds: int = 0

    @property
    def agrees(self) -> bool:
        """Whether nothing differs but what a finding describes."""
        return not self.different_hosts

    @property
    def different_hosts(self) -> list[str]:
        """The hosts (as in the plan) with a difference that no finding describes, sorted."""
        hosts = {item.probe.server for item in self.results if item.comparison.verdict is Verdict.DIFFERENT}
        hosts |= {item.host for item in self.certificates if item.verdict is Verdict.DIFFERENT}
        return sorted(hosts)

    def summary(self) -> dict[str, Any]:
        """Return the proof without its lines: counts, one entry a host, certificates."""
        return {
            "name": self.name,
            "taken_at": self.taken_at,
            "planes": {plane: dict(self.addresses[plane]) for plane in sorted(self.addresses)},
            "agrees": self.agrees,
            "counts": {
                **_counts(self.results),
                "certificates": len(self.certificates),
                "certificates_described": _certificates(self.certificates, Verdict.DESCRIBED),
                "certificates_different": _certificates(self.certificates, Verdict.DIFFERENT),
            },
            "rounds": self.rounds,
            "seconds": round(self.seconds, 3),
            "hosts": self._hosts(),
        }

    def _hosts(self) -> list[dict[str, Any]]:
        results: dict[str, list[Result]] = {}
        for result in self.results:
            results.setdefault(result.probe.server, []).append(result)
        shown = {item.host: item for item in self.certificates}
        hosts = []
        for host in sorted(results.keys() | shown.keys()):
            entry: dict[str, Any] = {"host": host, **_counts(results.get(host, ()))}
            if host in shown:
                entry["certificate"] = _certificate(shown[host])
            hosts.append(entry)
        return hosts


def _counts(results: tuple[Result, ...] | list[Result]) -> dict[str, int]:
    """Return how many probes there were, and how many of each kind."""
    verdicts = [item.comparison.verdict for item in results]
    return {
        "probes": len(verdicts),
        "equal": verdicts.count(Verdict.EQUAL),
        "described": verdicts.count(Verdict.DESCRIBED),
        "different": verdicts.count(Verdict.DIFFERENT),
        "noise": sum(bool(item.comparison.noise) for item in results),
        "model_mismatches": sum(bool(item.comparison.model) for item in results),
        # Two planes that both stay silent agree, but that proves little: it is counted.
        "unanswered": sum(not item.nginx.status for item in results),
    }


def _certificates(found: tuple[CertificateComparison, ...], verdict: Verdict) -> int:
    return sum(item.verdict is verdict for item in found)


def _reply(reply: Reply) -> dict[str, Any]:
    return {
        "status": reply.status,
        "location": shown_location(reply.location),
        "body": shown_body(reply.body_sha256, reply.body_length),
        "http_version": reply.http_version,
        "error": reply.error,
    }


def _certificate(item: CertificateComparison) -> dict[str, Any]:
    return {
        "verdict": item.verdict.value,
        "code": item.code,
        "problem": item.problem,
        "nginx": _shown(item.nginx),
        "istio": _shown(item.istio),
    }


def _shown(shown: Shown) -> dict[str, Any]:
    return {
        "chain": list(shown.chain),
        "subject": shown.subject,
        "not_before": shown.not_before,
        "not_after": shown.not_after,
        "error": shown.error,
    }
