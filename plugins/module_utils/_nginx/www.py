# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of the other name that ``from-to-www-redirect`` makes (semantics.md A.1 11). PRIVATE to the collection.

Source: ingress-nginx ``internal/ingress/controller/nginx.go`` buildRedirects.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._bundle.bundle import Certificate
from .._kube.hosts import certificate_covers, is_wildcard
from .site import DEFAULT_SERVER, ServedCertificate, Server

_WWW = "www."


def add_www_servers(servers: dict[str, Server], certificates: Mapping[tuple[str, str], Certificate]) -> None:
    """Add a server for the other name of each host that asks for it, unless somebody owns that name."""
    for host, server in sorted(servers.items()):
        other = host.removeprefix(_WWW) if host.startswith(_WWW) else _WWW + host
        asked = any(location.policy.redirects.www for location in server.locations)
        if not asked or host == DEFAULT_SERVER or is_wildcard(host) or other in servers:
            continue
        made = Server(other, [], list(server.ingresses), redirects_to=host)
        secret = server.certificate.secret
        if secret and any(certificate_covers(name, other) for name in certificates[secret].names):
            made.certificate = server.certificate
        else:
            made.certificate = ServedCertificate(reason=f"the certificate of {host} does not cover it")
        servers[other] = made
