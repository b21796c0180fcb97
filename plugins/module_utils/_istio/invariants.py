# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold for generated objects before any of them is written (semantics.md E.2, C.13, C.14). PRIVATE.

A violation is a defect of the collection, not of the input: it stops the plan with the object and the rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .._kube.names import is_dns_label, is_object_name
from .._kube.objects import KubeObject, ObjectKey, key_of
from .resources import HTTP_PORT, HTTPS_PORT

_REGEX_LIMIT = 1024
SIZE_LIMIT = 1_400_000
"""Characters of an object; an API server refuses more than 1.5 MiB."""

_ACTIONS = frozenset(("route", "redirect", "directResponse"))


class InvariantError(AssertionError):
    """A generated object breaks a rule; ``str()`` names both."""

    def __init__(self, key: ObjectKey, rule: str) -> None:
        super().__init__(f"{key}: {rule}. This is a defect of the collection; nothing was written.")


def check_unit(objects: Sequence[KubeObject], credentials: Iterable[str]) -> None:
    """Raise InvariantError for the first object of a unit that breaks a rule.

    ``credentials`` are the Secrets that the unit brings; Gateways may name no other.
    """
    known = set(credentials)
    names: set[str] = set()
    keys = [key_of(obj) for obj in objects]
    for key, obj in zip(keys, objects, strict=True):
        _require(is_object_name(key.name) and is_dns_label(key.namespace), key, "its name is not legal")
        for rule in _CHECKS.get(key.kind, _no_rules)(obj, known, names):
            raise InvariantError(key, rule)
    _require(len(set(keys)) == len(keys), keys[0] if keys else ObjectKey("", "", ""), "two objects share one name")


def check_tls_names(gateways: Iterable[KubeObject]) -> None:
    """Raise InvariantError when a name stands in two TLS servers of one port (semantics.md C.3)."""
    seen: dict[tuple[int, str], tuple[ObjectKey, str]] = {}
    for obj in gateways:
        key = key_of(obj)
        for server in obj["spec"]["servers"]:
            if "tls" not in server:
                continue
            place = (key, server["tls"]["mode"])
            for host in server["hosts"]:
                name = (server["port"]["number"], host.rpartition("/")[2])
                other = seen.setdefault(name, place)
                _require(other == place, key, f"{name[1]} stands in a TLS server of {other[0]}, too")


def _require(holds: bool, key: ObjectKey, rule: str) -> None:
    if not holds:
        raise InvariantError(key, rule)


def _no_rules(_obj: KubeObject, _credentials: set[str], _names: set[str]) -> Iterator[str]:
    return iter(())


def _gateway(obj: KubeObject, credentials: set[str], _names: set[str]) -> Iterator[str]:
    if not is_dns_label(obj["metadata"]["name"]):
        yield "the name of a Gateway must be a DNS label"
    for server in obj["spec"]["servers"]:
        if not is_dns_label(server["port"]["name"]):
            yield "the name of a port must be a DNS label"
        if any("/" not in host for host in server["hosts"]):
            yield "a host must say which namespace may bind to it"
        if (server.get("tls", {}).get("mode") == "PASSTHROUGH") != (server["port"]["protocol"] == "TLS"):
            yield "a server must either end TLS or pass it through"
        credential = server.get("tls", {}).get("credentialName")
        if credential and credential not in credentials:
            yield f"no Secret {credential} comes with it"


def _virtual_service(obj: KubeObject, _credentials: set[str], names: set[str]) -> Iterator[str]:
    spec = obj["spec"]
    if "tcp" in spec:
        ports = [match["port"] for route in spec["tcp"] for match in route["match"]]
        if len(set(ports)) != len(ports) or {HTTP_PORT, HTTPS_PORT}.intersection(ports):
            yield "a TCP port of it is taken"
        return
    if len(spec["hosts"]) != 1 or not spec["gateways"] or "mesh" in spec["gateways"]:
        yield "it must have one host and gateways only"
    for route in spec.get("tls", ()):
        if any(match["sniHosts"] != spec["hosts"] for match in route["match"]):
            yield "it passes TLS connections through for another host"
    for route in spec["http"]:
        if route["name"] in names:
            yield f"route name {route['name']} is used twice"
        names.add(route["name"])
        yield from _route(route)
    # A request to either port must find a last route that takes every path.
    for port in (HTTP_PORT, HTTPS_PORT):
        if not any(_takes_all(match, port) for route in reversed(spec["http"]) for match in route["match"]):
            yield f"no route takes every path on port {port}"


def _route(route: dict[str, Any]) -> Iterator[str]:
    if len(_ACTIONS & route.keys()) != 1:
        yield f"route {route['name']} must have one action"
    if "timeout" in route:
        yield f"route {route['name']} has a total timeout"
    if "route" in route:
        if "attempts" not in route.get("retries", {}):
            yield f"route {route['name']} does not say how it retries"
        for entry in route["route"]:
            destination = entry["destination"]
            if "." not in destination["host"] or not isinstance(destination["port"]["number"], int):
                yield f"route {route['name']} has no full destination"
    for pattern in _patterns(route["match"]):
        if len(pattern) > _REGEX_LIMIT:
            yield f"route {route['name']} has a regular expression of {len(pattern)} characters"
        try:
            re.compile(pattern)
        except re.error:
            yield f"route {route['name']} has a broken regular expression"


def _patterns(matches: Iterable[dict[str, Any]]) -> Iterator[str]:
    for match in matches:
        for field in ("uri", "authority", "method"):
            if field in match and "regex" in match[field]:
                yield match[field]["regex"]
        for field in ("headers", "withoutHeaders"):
            if field in match:
                yield from (condition["regex"] for condition in match[field].values() if "regex" in condition)


def _takes_all(match: dict[str, Any], port: int) -> bool:
    if match.get("uri") != _ALL_PATHS or match.get("port", port) != port:
        return False
    return match.keys() <= _ALLOWED_BESIDE


_ALL_PATHS = {"prefix": "/"}
_ALLOWED_BESIDE = frozenset(("uri", "port", "authority"))


def _subsets(obj: KubeObject, _credentials: set[str], _names: set[str]) -> Iterator[str]:
    for subset in obj["spec"].get("subsets", ()):
        if not is_dns_label(subset["name"]):
            yield f"subset {subset['name']} has no legal name"


_CHECKS = {"Gateway": _gateway, "VirtualService": _virtual_service, "DestinationRule": _subsets}
