# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envoy's role-based access control, as far as the collection uses it: lists of client addresses. PRIVATE.

Source: ``envoy/config/rbac/v3/rbac.proto``: an ALLOW policy lets in whom one of its principals takes.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias, Union

from ..._http.exchange import Answer, Guard
from ..configuration import UnknownConfigurationError
from ..visit import Visit

_Network: TypeAlias = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]  # noqa: UP007 - pylint does not know |


def rbac(visit: Visit, config: Mapping[str, Any]) -> Answer | None:
    """Refuse clients that no principal takes."""
    rules = config["rbac"]["rules"]
    if list(rules["policies"]) == ["common-name"]:
        return _by_subject(visit, rules)
    if rules["action"] != "ALLOW" or list(rules["policies"]) != ["listed"]:
        raise UnknownConfigurationError("rules of an RBAC filter")
    principals = rules["policies"]["listed"]["principals"]
    if not visit.request.client:
        visit.guards.append(Guard("addresses", _described(principals), "403"))
        return None
    client = ipaddress.ip_address(visit.request.client)
    return None if any(_takes(principal, client) for principal in principals) else visit.refuse(403)


def _by_subject(visit: Visit, rules: Mapping[str, Any]) -> Answer | None:
    """Let in subjects that match, which only a handshake knows; without a certificate there is none."""
    call = rules["policies"]["common-name"]["condition"]["call_expr"]
    if call["function"] != "matches" or call["target"]["select_expr"]["field"] != "subject_peer_certificate":
        raise UnknownConfigurationError("condition of an RBAC filter")
    if not visit.server.asks:
        return visit.refuse(403)
    visit.guards.append(Guard("subject", call["args"][0]["const_expr"]["string_value"], "403"))
    return None


def _takes(principal: Mapping[str, Any], client: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    (kind,) = principal
    if kind == "remote_ip":
        return client in _network(principal[kind]["address_prefix"], principal[kind]["prefix_len"])
    if kind == "not_id":
        return not _takes(principal[kind], client)
    if kind == "or_ids":
        return any(_takes(item, client) for item in principal[kind]["ids"])
    if kind == "and_ids":
        return all(_takes(item, client) for item in principal[kind]["ids"])
    raise UnknownConfigurationError(f"principal {kind}")


def _described(principals: list[Mapping[str, Any]]) -> str:
    denied = sorted(name for item in principals for name, negated in _networks(item, False) if negated)
    allowed = sorted(name for item in principals for name, negated in _networks(item, False) if not negated)
    return f"deny {','.join(denied)} allow {','.join(allowed)}"


def _networks(principal: Mapping[str, Any], negated: bool) -> Iterator[tuple[str, bool]]:
    """Yield each network below a principal, and whether it is denied."""
    (kind,) = principal
    if kind == "remote_ip":
        entry = principal[kind]
        yield f"{entry['address_prefix']}/{entry['prefix_len']}", negated
    elif kind == "not_id":
        yield from _networks(principal[kind], not negated)
    else:
        for item in principal[kind]["ids"]:
            yield from _networks(item, negated)


@lru_cache(maxsize=4096)
def _network(prefix: str, length: int) -> _Network:
    return ipaddress.ip_network(f"{prefix}/{length}")
