# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which upstream of a pair gets a request, and what binds clients to its endpoints (semantics.md B.10, B.11). PRIVATE.

Source: ingress-nginx ``rootfs/etc/nginx/lua/balancer.lua`` route_to_alternative_balancer.
"""

from __future__ import annotations

import re

from ..._http.cookies import cookie_value, set_cookie
from ..._http.exchange import Request
from ..families.canary import Canary
from ..hash_key import hash_variables, shown_key
from ..site import Location, Problem, Server, Upstream

_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def shares(primary: Upstream, request: Request) -> list[tuple[Upstream, float]]:
    """Return the upstreams that may get a request, each with its share of 1; more than one where chance decides."""
    alternative = primary.alternative.upstream if primary.alternative else None
    if alternative is None or alternative.problem is not Problem.NONE or alternative.canary is None:
        return [(primary, 1.0)]
    decided = _decided(alternative.canary, request)
    if decided is not None:
        return [(alternative if decided else primary, 1.0)]
    share = alternative.canary.weight / alternative.canary.total
    return [pair for pair in ((primary, 1 - share), (alternative, share)) if pair[1]]


def _decided(canary: Canary, request: Request) -> bool | None:
    """Tell whether header or cookie lead to the canary; None where neither says."""
    header = request.headers.get(header_name(canary))
    if header is not None:
        if canary.value:
            if header == canary.value:
                return True
        elif canary.pattern:
            try:
                if re.search(canary.pattern, header):
                    return True
            except re.error:
                return False
        elif header in _WORDS:
            return _WORDS[header]
    value = cookie_value(request.headers.get("cookie", ""), canary.cookie) if canary.cookie else None
    return _WORDS.get(value or "")


_WORDS = {"always": True, "never": False}


def header_name(canary: Canary) -> str:
    """Return the request header that nginx looks at, in lower case; empty where it looks at none that can arrive.

    It turns dashes into underscores on both sides, and drops headers whose name holds an underscore or another sign.
    """
    name = canary.header.lower()
    return name.replace("_", "-") if _HEADER_NAME.fullmatch(name) else ""


def session(upstream: Upstream, server: Server, location: Location, scheme: str) -> str:
    """Return what binds requests to one endpoint of ``upstream``, empty for nothing.

    That is the cookie as nginx sets it, or what of a request chooses the endpoint: a cookie that a location heeds and
    does not set, or a key.
    """
    affinity = upstream.affinity
    if affinity.cookie and (server.host, location.rule_path) not in upstream.sticky:
        return shown_key((f"cookie_{affinity.cookie}",))
    if affinity.cookie:
        cookie = set_cookie(
            affinity.cookie,
            affinity.path or location.rule_path,
            max_age=affinity.max_age,
            domain=affinity.domain,
            same_site=affinity.same_site,
            secure=affinity.secure or scheme == "https",
        )
        return cookie if affinity.expires is None else f"{cookie}; Expires in {affinity.expires}"
    key = upstream.connection.hash_by
    return shown_key(hash_variables(key)) if key else ""
