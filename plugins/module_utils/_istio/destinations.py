# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a route leads, and what binds requests to one endpoint there (semantics.md B.11, C.6, C.7). PRIVATE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._http.cookies import set_cookie
from .._http.exchange import ranked
from .configuration import Configuration, Route, UnknownConfigurationError

_HEADERS = {":path": "request_uri", ":authority": "host", ":method": "request_method"}
_ATTRIBUTES = {"domain": "domain", "samesite": "same_site", "secure": "secure"}


def shares(configuration: Configuration, route: Route) -> tuple[tuple[str, float], ...]:
    """Return the backends of a route with their shares of its requests, none where no endpoint is ready.

    One destination needs no weight. Raises UnknownConfigurationError for a destination that the gateway would not know,
    and where some of several have no endpoint: their share is answered with 503.
    """
    entries: Sequence[Mapping[str, Any]] = route.action["route"]
    weights = [entry.get("weight", 0) for entry in entries] if len(entries) > 1 else [1]
    total = sum(weights)
    pairs = [(entry["destination"], weight) for entry, weight in zip(entries, weights, strict=True) if weight]
    found = ranked((_backend(configuration, destination), weight / total) for destination, weight in pairs)
    idle = [destination for destination, __ in pairs if _place(destination) in configuration.idle]
    if idle and len(idle) < len(pairs):
        raise UnknownConfigurationError(f"weights with {idle[0]['host']}, which has no endpoint")
    return () if idle else found


def receiver(configuration: Configuration, destination: Mapping[str, Any]) -> str:
    """Return the backend of a destination, empty where no endpoint is ready."""
    return "" if _place(destination) in configuration.idle else _backend(configuration, destination)


def _place(destination: Mapping[str, Any]) -> tuple[str, str]:
    service, __, rest = destination["host"].partition(".")
    return rest.partition(".")[0], service


def _backend(configuration: Configuration, destination: Mapping[str, Any]) -> str:
    host, number = destination["host"], destination["port"]["number"]
    if "subset" in destination and (host, destination["subset"]) not in configuration.policies:
        raise UnknownConfigurationError(f"subset {destination['subset']} of {host}")
    service, __, rest = host.partition(".")
    namespace, __, domain = rest.partition(".")
    if domain.startswith("svc."):
        return f"{namespace}/{service}:{number}"
    if (host, number) not in configuration.outside:
        raise UnknownConfigurationError(f"destination {host}:{number}")
    return f"{host}:{number}"


def session(configuration: Configuration, route: Route) -> str:
    """Return what binds requests to one endpoint: Envoy joins the policies of all destinations of a route."""
    for entry in route.action["route"]:
        found = _hash(configuration, entry["destination"])
        if found is not None:
            further = route.patch.get("route", {}).get("hash_policy", ())
            return _bound(found, [_variable(policy) for policy in further])
    return ""


def _hash(configuration: Configuration, destination: Mapping[str, Any]) -> Mapping[str, Any] | None:
    policy = configuration.policies.get((destination["host"], destination.get("subset", "")), {})
    for settings in policy.get("portLevelSettings", ()):
        if settings["port"]["number"] == destination["port"]["number"]:
            found: Mapping[str, Any] | None = settings.get("loadBalancer", {}).get("consistentHash")
            return found
    return None


def _bound(policy: Mapping[str, Any], further: list[str]) -> str:
    cookie = policy.get("httpCookie", {})
    if "ttl" not in cookie:
        return "hash " + "".join(f"${name}" for name in [_key(policy), *further])
    seconds = int(cookie["ttl"].removesuffix("s"))
    attributes: dict[str, Any] = {}
    for item in cookie.get("attributes", ()):
        # An attribute without a value is a flag.
        attributes[_ATTRIBUTES[item["name"].lower()]] = item.get("value") or True
    return set_cookie(cookie["name"], cookie["path"], max_age=seconds or None, **attributes)


def _key(policy: Mapping[str, Any]) -> str:
    if "httpHeaderName" in policy:
        return _header(policy["httpHeaderName"])
    if "httpQueryParameterName" in policy:
        return f"arg_{policy['httpQueryParameterName']}"
    if "httpCookie" in policy:
        return f"cookie_{policy['httpCookie']['name']}"
    if policy.get("useSourceIp"):
        return "remote_addr"
    raise UnknownConfigurationError(f"hash policy {dict(policy)}")


def _header(name: str) -> str:
    return _HEADERS.get(name) or f"http_{name.replace('-', '_')}"


def _variable(policy: Mapping[str, Any]) -> str:
    """Return the part of a request that one of Envoy's own hash policies takes."""
    if "header" in policy:
        return _header(policy["header"]["header_name"])
    if "query_parameter" in policy:
        return f"arg_{policy['query_parameter']['name']}"
    if "cookie" in policy:
        return f"cookie_{policy['cookie']['name']}"
    return "remote_addr"
