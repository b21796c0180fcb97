# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests of one client are let through (semantics.md A.3 88 to 92, B.16). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._nginx.ingress import Ingress
from .._nginx.phases.access import counted
from .context import Context
from .differences import Difference, Situation
from .draft import Draft
from .rate_filter import Rate

_CLIENT = ("$binary_remote_addr", "$remote_addr", "$the_real_ip")


def limit_rates(draft: Draft, context: Context) -> list[Finding]:
    """Count the requests that a location passes on."""
    ingress, limits = draft.location.ingress, draft.location.policy.limits
    if ingress is None:
        return []
    found = _connections(draft, ingress)
    rates = list(_rates(ingress, draft))
    if any(rate.is_too_large for rate in rates):
        source = Source(ingress.key, annotation="limit-rps" if limits.per_second else "limit-rpm")
        return [*found, finding("RATE-TOO-LARGE", source, host=draft.server.host)]
    if rates and context.site.settings.limit_key not in _CLIENT:
        source, key = Source(ingress.key, annotation="limit-rps"), repr(context.site.settings.limit_key)
        return [*found, finding("RATE-OF-NO-CLIENT", source, host=draft.server.host, key=key)]
    if rates:
        if "route" in draft.main:
            draft.rates = rates
            draft.patches["rates"] = {"route": {"rate_limits": [rate.actions() for rate in rates]}}
        source = Source(ingress.key, annotation="limit-rps" if limits.per_second else "limit-rpm")
        found.append(finding("RATE-PER-PORT", source, host=draft.server.host))
    return found


def _connections(draft: Draft, ingress: Ingress) -> list[Finding]:
    if not draft.location.policy.limits.connections:
        return []
    source = Source(ingress.key, annotation="limit-connections")
    return [finding("CONNECTION-LIMIT-LOST", source, host=draft.server.host)]


def _rates(ingress: Ingress, draft: Draft) -> Iterator[Rate]:
    limits = draft.location.policy.limits
    place = f"{ingress.key.namespace}/{ingress.key.name}"
    for count, seconds in ((limits.per_second, 1), (limits.per_minute, 60)):
        if count:
            yield Rate(f"{place} {seconds}s", count, seconds, count * limits.burst, limits.exempt)


def uncounted(situation: Situation) -> Iterator[Difference]:
    """Predict what is counted on one plane alone: answers without a backend, requests without an endpoint."""
    upstream = (situation.location and situation.location.upstream) or situation.site.default_upstream
    passes_on = upstream is not None and upstream.port is not None
    if situation.nginx.limits and not passes_on:
        yield Difference("RATE-PER-PORT", "limits", "")
    elif situation.nginx.phase == "endpoints" and situation.location and passes_on:
        # nginx answers 503 before it counts.
        yield Difference("RATE-PER-PORT", "limits", " then ".join(counted(situation.location)))
