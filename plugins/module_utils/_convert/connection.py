# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the gateway speaks to a backend: the traffic policy of one port (semantics.md A.2, B.8, C.6). PRIVATE."""

from __future__ import annotations

from typing import Any

from .._kube.names import generated_name
from .._nginx.families.connection import UpstreamTls
from .._nginx.policy import Policy
from .._nginx.references import Place
from .draft import Draft

MESH_CONNECT_TIMEOUT = 5
"""Seconds to connect that ``istio_install`` sets for the mesh, for it is nginx's default."""

_BY_SCHEME = "AUTO_HTTP"


def protocol_of(policy: Policy, scheme: str) -> str:
    """Return the protocol that nginx speaks to a backend for a client that came by ``scheme``."""
    return scheme.upper() if policy.backend_protocol == _BY_SCHEME else policy.backend_protocol


def connection_settings(draft: Draft, protocol: str) -> dict[str, Any]:
    """Return the fields of a traffic policy that say how to connect, empty where the mesh's defaults do."""
    policy = draft.location.policy
    http: dict[str, Any] = {}
    if protocol in ("GRPC", "GRPCS"):
        http["h2UpgradePolicy"] = "UPGRADE"
    if policy.connection.header == "close":
        http["maxRequestsPerConnection"] = 1
    pool: dict[str, Any] = {"http": http} if http else {}
    if policy.timeouts.connect != MESH_CONNECT_TIMEOUT:
        pool["tcp"] = {"connectTimeout": f"{policy.timeouts.connect}s"}
    settings: dict[str, Any] = {"connectionPool": pool} if pool else {}
    if protocol in ("HTTPS", "GRPCS"):
        settings["tls"] = _tls(upstream_tls(draft))
    return settings


def upstream_tls(draft: Draft) -> UpstreamTls | None:
    """Return the TLS settings of a location: its own, else those that another Ingress gives the whole server."""
    own = draft.location.policy.connection.tls
    return own or next(
        (item.policy.connection.tls for item in draft.server.locations if item.policy.connection.tls), None
    )


def credential_name(secret: Place) -> str:
    """Return the name of the copy of a Secret (namespace, name) that the gateway shows to backends."""
    return generated_name("i2i-upstream", *secret)


def _tls(tls: UpstreamTls | None) -> dict[str, Any]:
    if tls is None:
        # nginx does not verify upstream certificates unless proxy-ssl-verify says so (semantics.md B.8).
        return {"mode": "SIMPLE", "insecureSkipVerify": True}
    trust = {"subjectAltNames": [tls.name]} if tls.verifies else {"insecureSkipVerify": True}
    name = {"sni": tls.name} if tls.sends_name else {}
    if not (tls.shows or tls.verifies):
        return {"mode": "SIMPLE", **trust, **name}
    return {"mode": "MUTUAL" if tls.shows else "SIMPLE", "credentialName": credential_name(tls.secret), **trust, **name}
