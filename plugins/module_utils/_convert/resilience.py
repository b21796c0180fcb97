# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Idle timeouts and retries as nginx means them (semantics.md B.12). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .._findings.finding import Finding
from .._nginx.settings import NextUpstream
from .context import Context
from .draft import Draft, Variant

_UNSENT = ("connect-failure", "refused-stream", "reset-before-request")
_IDEMPOTENT = "GET|HEAD|OPTIONS|PUT|DELETE|TRACE"
_UNLIMITED = 10
"""Tries for ``proxy-next-upstream-tries: 0``, which nginx ends when it has asked every endpoint."""


def idle_timeout(draft: Draft, context: Context) -> list[Finding]:
    """End streams that stay idle as long as nginx would; only where it is not the gateway's own default.

    The idle timeout counts in both directions, so it is the longer of the two. A backend that gets less time to answer
    has a timeout of its own, which begins when it has the whole request.
    """
    timeouts = draft.location.policy.timeouts
    defaults = context.site.settings.timeouts
    longest = max(timeouts.read, timeouts.send)
    if not draft.main.get("route"):
        return []
    wanted: dict[str, Any] = {}
    if longest != max(defaults.read, defaults.send):
        wanted["idle_timeout"] = f"{longest}s"
    if timeouts.read < longest:
        wanted["retry_policy"] = {"per_try_idle_timeout": f"{timeouts.read}s"}
    if wanted:
        draft.patches["idle-timeout"] = {"route": wanted}
    return []


def retries(draft: Draft, context: Context) -> list[Finding]:
    """Say on every route when a request is tried again, for Istio's own default differs."""
    if not draft.main.get("route"):
        return []
    draft.main["retries"], safe = _policies(
        draft.location.policy.next_upstream, context.site.settings.retry_non_idempotent
    )
    if safe:
        draft.split(Variant("/idempotent", {"method": {"regex": _IDEMPOTENT}}, {"retries": safe}))
    return []


_NEVER: Mapping[str, Any] = {"attempts": 0}


@lru_cache(maxsize=1024)
def _policies(next_upstream: NextUpstream, always_again: bool) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """Return when requests are tried again, and idempotent ones, None where that is the same.

    ``always_again`` is ``retry-non-idempotent`` of the ConfigMap.
    """
    conditions = set(next_upstream.conditions)
    attempts = _attempts(next_upstream)
    if not attempts:
        return _NEVER, None
    statuses = sorted(token.removeprefix("http_") for token in conditions if token.startswith("http_"))
    always = list(_UNSENT) if conditions & {"error", "timeout"} else []
    safe: Mapping[str, Any] | None = None
    if always_again or "non_idempotent" in conditions:
        always += ["reset", *statuses]
    elif statuses:
        # nginx does not repeat a POST, LOCK or PATCH that a backend has seen.
        safe = _retries(attempts, [*always, *statuses])
    return (_retries(attempts, always) if always else _NEVER), safe


def _attempts(next_upstream: NextUpstream) -> int:
    if "off" in next_upstream.conditions:
        return 0
    return (next_upstream.tries or _UNLIMITED) - 1


def _retries(attempts: int, conditions: list[str]) -> dict[str, Any]:
    return {"attempts": attempts, "retryOn": ",".join(conditions)}
