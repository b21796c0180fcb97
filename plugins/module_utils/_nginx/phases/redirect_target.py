# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where redirects of nginx lead (semantics.md B.2, B.6). PRIVATE to the collection."""

from __future__ import annotations

from ..._http.exchange import Request
from ..._http.uri import host_name
from ..client import access_host
from ..policy import Policy
from ..settings import Settings


def https_target(settings: Settings, policy: Policy, request: Request) -> str:
    """Return where the redirect to https leads."""
    target = request.target if policy.preserve_trailing_slash else without_last_slash(request.target)
    port = ":443" if policy.redirects.with_port else ""
    return f"https://{access_host(settings, request).partition(':')[0]}{port}{target}"


def without_last_slash(target: str) -> str:
    """Return a raw request target without one slash at its end, be it in the query."""
    return target.removesuffix("/")


def own_target(policy: Policy, request: Request, target: str) -> str:
    """Return the Location of an answer of nginx itself: a path gets scheme and host, unless redirects are relative."""
    if not target.startswith("/") or policy.redirects.relative:
        return target
    return f"{request.scheme}://{host_name(request.host)}{target}"
