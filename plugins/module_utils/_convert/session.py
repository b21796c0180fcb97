# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What binds requests to one endpoint: cookies and keys (semantics.md A.2 27 to 42, B.11). PRIVATE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._http.cookies import set_cookie
from .._nginx.families.affinity import Affinity
from .._nginx.hash_key import hash_variables, shown_key
from .._nginx.phases.balancing import session, shares
from .._nginx.site import Location, Server, Upstream
from .differences import Difference, Situation
from .draft import Draft

COOKIE, KEY, DROPPED = "SESSION-COOKIE-DIFFERS", "HASH-KEY-DIFFERS", "UPSTREAM-HASH-DROPPED"

_HEADERS = {"request_uri": ":path", "uri": ":path", "host": ":authority", "request_method": ":method"}


def load_balancer(upstream: Upstream, server: Server, location: Location, scheme: str) -> dict[str, Any]:
    """Return the ``loadBalancer`` of a traffic policy, empty where the mesh's default does."""
    affinity = upstream.affinity
    if affinity.cookie:
        sets = (server.host, location.rule_path) in upstream.sticky
        return {"consistentHash": {"httpCookie": _cookie(affinity, location, scheme) if sets else _named(affinity)}}
    hashes = _hashes(upstream.connection.hash_by)
    if hashes:
        return {"consistentHash": hashes[0]}
    return {"simple": _SIMPLE[upstream.connection.load_balance]} if upstream.connection.load_balance in _SIMPLE else {}


_SIMPLE = {"round_robin": "ROUND_ROBIN", "ewma": "LEAST_REQUEST"}


def further_hashes(upstream: Upstream) -> list[dict[str, Any]]:
    """Return the parts of a key behind its first, as Envoy's hash policies: a DestinationRule has room for one."""
    return [] if upstream.affinity.cookie else [_hash_policy(item) for item in _hashes(upstream.connection.hash_by)[1:]]


@lru_cache(maxsize=4096)
def _hashes(key: str) -> tuple[Mapping[str, Any], ...]:
    """Return the parts of a key as Istio writes them, none where one of them has no equal."""
    found = [_hash(name) for name in hash_variables(key)]
    return tuple(item for item in found if item) if all(found) else ()


def _hash(variable: str) -> dict[str, Any] | None:
    if variable in _HEADERS:
        return {"httpHeaderName": _HEADERS[variable]}
    if variable == "remote_addr":
        return {"useSourceIp": True}
    kind, __, name = variable.partition("_")
    if kind == "http" and name:
        return {"httpHeaderName": name.replace("_", "-")}
    if kind == "arg" and name:
        return {"httpQueryParameterName": name}
    return {"httpCookie": {"name": name}} if kind == "cookie" and name else None


def _hash_policy(part: Mapping[str, Any]) -> dict[str, Any]:
    if "httpHeaderName" in part:
        return {"header": {"header_name": part["httpHeaderName"]}}
    if "httpQueryParameterName" in part:
        return {"query_parameter": {"name": part["httpQueryParameterName"]}}
    if "httpCookie" in part:
        return {"cookie": {"name": part["httpCookie"]["name"]}}
    return {"connection_properties": {"source_ip": True}}


def _named(affinity: Affinity) -> dict[str, Any]:
    # Without a lifetime Envoy heeds the cookie and never sets it.
    return {"name": affinity.cookie}


def _cookie(affinity: Affinity, location: Location, scheme: str) -> dict[str, Any]:
    seconds = _lifetime(affinity)
    if seconds is None:
        return _named(affinity)
    attributes = {"Domain": affinity.domain, "SameSite": affinity.same_site}
    listed = [{"name": name, "value": value} for name, value in attributes.items() if value]
    if affinity.secure or scheme == "https":
        listed.append({"name": "Secure"})
    return {
        "name": affinity.cookie,
        "path": affinity.path or location.rule_path,
        "ttl": f"{seconds}s",
        **({"attributes": listed} if listed else {}),
    }


def _lifetime(affinity: Affinity) -> int | None:
    """Return the seconds that the gateway gives a cookie, 0 for a browser's session.

    None for a cookie that browsers forget at once: then none is set, which binds nobody either.
    """
    asked = affinity.max_age if affinity.max_age is not None else affinity.expires
    if asked is None:
        return 0
    return asked if asked > 0 else None


def gateway_session(upstream: Upstream, server: Server, location: Location, scheme: str) -> str:
    """Return what binds requests on the gateway, in the words of the witnesses."""
    affinity = upstream.affinity
    if not affinity.cookie:
        variables = _shown(upstream)
        return shown_key(variables) if variables else ""
    if (server.host, location.rule_path) not in upstream.sticky or _lifetime(affinity) is None:
        return shown_key((f"cookie_{affinity.cookie}",))
    return set_cookie(
        affinity.cookie,
        affinity.path or location.rule_path,
        max_age=_lifetime(affinity) or None,
        domain=affinity.domain,
        same_site=affinity.same_site,
        secure=affinity.secure or scheme == "https",
    )


def _shown(upstream: Upstream) -> tuple[str, ...]:
    variables = hash_variables(upstream.connection.hash_by) if _hashes(upstream.connection.hash_by) else ()
    return tuple("request_uri" if name == "uri" else name for name in variables)


def session_findings(draft: Draft, upstream: Upstream) -> Iterator[Finding]:
    """Yield in what the gateway binds requests otherwise than nginx."""
    server, location = draft.server, draft.location
    affinity = upstream.affinity
    if location.ingress is None or not (affinity.cookie or upstream.connection.hash_by):
        return
    source = Source(location.ingress.key)
    code = _code(upstream)
    before = session(upstream, server, location, "https")
    if before != gateway_session(upstream, server, location, "https"):
        values = {"cookie": before} if code == COOKIE else {"key": upstream.connection.hash_by}
        yield finding(code, source, host=server.host, **values)
    if affinity.cookie:
        yield finding("SESSION-MOVES", source, host=server.host, cookie=affinity.cookie)
        if affinity.mode == "persistent" or affinity.moves_on_failure:
            yield finding("AFFINITY-REBALANCES", source, host=server.host)
        if affinity.conditional and affinity.same_site == "None":
            yield finding("SAME-SITE-UNCONDITIONAL", source, host=server.host, cookie=affinity.cookie)
    elif upstream.connection.hash_by and upstream.connection.hash_group:
        yield finding("HASH-GROUP-DROPPED", source, host=server.host)


def _code(upstream: Upstream) -> str:
    if upstream.affinity.cookie:
        return COOKIE
    return KEY if _hashes(upstream.connection.hash_by) else DROPPED


def session_differs(situation: Situation) -> Iterator[Difference]:
    """Predict what binds requests where the gateway cannot do exactly what nginx does."""
    location, nginx, request = situation.location, situation.nginx, situation.request
    if location is None or not nginx.session:
        return
    primary = location.upstream or situation.site.default_upstream
    for upstream, __ in shares(primary, request) if primary else ():
        place = (upstream, situation.server, location, request.scheme)
        if session(*place):
            if session(*place) != gateway_session(*place):
                yield Difference(_code(upstream), "session", gateway_session(*place))
            return
