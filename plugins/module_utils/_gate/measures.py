# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the records of the role observe say of namespaces on one plane. PRIVATE to the collection."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from .errors import GateError

WINDOW_SECONDS = 300
"""The rates of the records are over so many seconds."""
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")

Ask = Callable[[str], Iterable[tuple[Mapping[str, str], float]]]
"""Answers an expression of PromQL with labels and values."""


@dataclass(frozen=True, slots=True)
class Measures:
    """One namespace on one plane over the window; what Prometheus does not say is None.

    ``requests`` is their number, ``error_ratio`` a share of 1, ``p95`` in milliseconds, ``overflowed`` requests per
    second that found the limits of the gateway exhausted.
    """

    requests: float = 0.0
    error_ratio: float | None = None
    p95: float | None = None
    overflowed: float | None = None


def measure(ask: Ask, plane: str, namespaces: Collection[str], selector: str) -> dict[str, Measures]:
    """Return what is known of each of ``namespaces`` on ``plane``; ``selector`` are more matchers in PromQL, or empty.

    Raises:
        GateError: a name is none of a namespace, or what ``ask`` raises.
    """
    for name in namespaces:
        if not _NAMESPACE.fullmatch(name):
            raise GateError(f"{name!r} is no name of a namespace")
    matchers = ",".join(filter(None, (f'plane="{plane}"', f'namespace=~"{"|".join(sorted(namespaces))}"', selector)))

    def known(record: str) -> dict[str, float]:
        return {labels.get("namespace", ""): value for labels, value in ask(f"plane_namespace:{record}{{{matchers}}}")}

    rates, errors = known("requests:rate5m"), known("error_ratio:rate5m")
    durations, overflows = known("duration_milliseconds:p95_rate5m"), known("requests_overflowed:rate5m")
    return {
        name: Measures(
            rates.get(name, 0.0) * WINDOW_SECONDS, errors.get(name), durations.get(name), overflows.get(name)
        )
        for name in sorted(namespaces)
    }
