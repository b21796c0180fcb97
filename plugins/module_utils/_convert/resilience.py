# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Idle timeouts and retries as nginx means them (semantics.md B.12). PRIVATE to the collection."""

from __future__ import annotations

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
    """End streams that stay idle as long as nginx would; only where it is not the gateway's own default."""
    timeouts = draft.location.policy.timeouts
    defaults = context.site.settings.timeouts
    longest = max(timeouts.read, timeouts.send)
    if draft.main.get("route") and longest != max(defaults.read, defaults.send):
        draft.patches["idle-timeout"] = {"route": {"idle_timeout": f"{longest}s"}}
    return []


def retries(draft: Draft, context: Context) -> list[Finding]:
    """Say on every route when a request is tried again, for Istio's own default differs."""
    if not draft.main.get("route"):
        return []
    next_upstream = draft.location.policy.next_upstream
    conditions = set(next_upstream.conditions)
    attempts = _attempts(next_upstream)
    if not attempts:
        draft.main["retries"] = {"attempts": 0}
        return []
    statuses = sorted(token.removeprefix("http_") for token in conditions if token.startswith("http_"))
    always = list(_UNSENT) if conditions & {"error", "timeout"} else []
    non_idempotent = "non_idempotent" in conditions or context.site.settings.retry_non_idempotent
    if non_idempotent:
        always += ["reset", *statuses]
    elif statuses:
        # nginx does not repeat a POST, LOCK or PATCH that a backend has seen.
        safe = {"retries": _retries(attempts, [*always, *statuses])}
        draft.split(Variant("/idempotent", {"method": {"regex": _IDEMPOTENT}}, safe))
    draft.main["retries"] = _retries(attempts, always) if always else {"attempts": 0}
    return []


def _attempts(next_upstream: NextUpstream) -> int:
    if "off" in next_upstream.conditions:
        return 0
    return (next_upstream.tries or _UNLIMITED) - 1


def _retries(attempts: int, conditions: list[str]) -> dict[str, Any]:
    return {"attempts": attempts, "retryOn": ",".join(conditions)}
