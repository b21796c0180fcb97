# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether namespaces do well enough on the gateway, by measures from before and after. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .measures import WINDOW_SECONDS, Measures


class Verdict(StrEnum):
    """What a gate says."""

    PASSED = "passed"
    INCONCLUSIVE = "inconclusive"
    """Too few requests, or nothing to compare with."""
    BREACHED = "breached"


_WORST_FIRST = (Verdict.BREACHED, Verdict.INCONCLUSIVE, Verdict.PASSED)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed on the gateway.

    ``error_ratio`` is a share of 1. P95 may be ``p95_factor`` times that of nginx before, and ``p95_slack``
    milliseconds more. ``overflowed`` is in requests per second. Less than ``minimum_requests`` in the window say
    nothing.
    """

    error_ratio: float
    p95_factor: float
    p95_slack: float
    overflowed: float
    minimum_requests: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one namespace, and why it is not another; empty where it passed."""

    namespace: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()


def judge(before: Mapping[str, Measures], after: Mapping[str, Measures], limits: Limits) -> list[Judgement]:
    """Return a judgement on each namespace of ``after``, the gateway; ``before`` is nginx before the wave."""
    return [_judgement(name, before.get(name, Measures()), now, limits) for name, now in after.items()]


def overall(judgements: Iterable[Judgement]) -> Verdict:
    """Return the worst verdict; without any namespace there is nothing to hold a wave for."""
    found = {judgement.verdict for judgement in judgements}
    return next((verdict for verdict in _WORST_FIRST if verdict in found), Verdict.PASSED)


def _judgement(name: str, before: Measures, now: Measures, limits: Limits) -> Judgement:
    if now.requests < limits.minimum_requests:
        few = f"{now.requests:.0f} requests on the gateway in {WINDOW_SECONDS} seconds"
        reason = f"{few}, {limits.minimum_requests} are needed"
        return Judgement(name, Verdict.INCONCLUSIVE, (reason,))
    breaches = tuple(_breaches(before, now, limits))
    if breaches:
        return Judgement(name, Verdict.BREACHED, breaches)
    gaps = tuple(_gaps(before, now, limits))
    return Judgement(name, Verdict.INCONCLUSIVE if gaps else Verdict.PASSED, gaps)


def _breaches(before: Measures, now: Measures, limits: Limits) -> Iterable[str]:
    if now.error_ratio is not None and now.error_ratio > limits.error_ratio:
        yield f"{now.error_ratio:.1%} of the answers are errors, {limits.error_ratio:.1%} are allowed"
    allowed = _allowed(before, limits)
    if now.p95 is not None and allowed is not None and now.p95 > allowed:
        yield f"P95 is {now.p95:.0f} ms, {allowed:.0f} ms are allowed (nginx had {before.p95:.0f} ms)"
    if now.overflowed is not None and now.overflowed > limits.overflowed:
        yield f"{now.overflowed:.2f} requests per second found the gateway's limits exhausted"


def _gaps(before: Measures, now: Measures, limits: Limits) -> Iterable[str]:
    if now.error_ratio is None:
        yield "Prometheus has no share of errors of the gateway"
    if now.p95 is None:
        yield "Prometheus has no P95 of the gateway"
    elif _allowed(before, limits) is None:
        yield f"nginx had {before.requests:.0f} requests before the wave: too few to compare P95 with"


def _allowed(before: Measures, limits: Limits) -> float | None:
    if before.p95 is None or before.requests < limits.minimum_requests:
        return None
    return before.p95 * limits.p95_factor + limits.p95_slack
