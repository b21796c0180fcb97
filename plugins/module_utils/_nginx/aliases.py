# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Further names of hosts, by ``server-alias`` (semantics.md A.1 1, B.4). PRIVATE to the collection.

Source: ingress-nginx ``internal/ingress/controller/controller.go`` createServers, ``nginx.go`` configureCertificates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .._bundle.bundle import Certificate
from .._kube.hosts import certificate_covers, parent_wildcard
from .._kube.objects import ObjectKey
from .families.hosts import HostPolicy
from .ingress import Ingress
from .policy import Policy
from .site import ServedCertificate, Server


def add_aliases(
    servers: dict[str, Server],
    ingresses: Iterable[tuple[Ingress, Policy]],
    certificates: Mapping[tuple[str, str], Certificate],
) -> None:
    """Add a server for each further name, with the locations of its host.

    The oldest Ingress of a host that names any decides, canaries aside. A name that a server has already stays with it.
    """
    asking: dict[ObjectKey, HostPolicy] = {
        ingress.key: policy.hosts for ingress, policy in ingresses if policy.hosts.aliases and not policy.canary
    }
    if not asking:
        return
    # nginx writes servers in the order of their names, and keeps the first of two with one name.
    for host, server in sorted(servers.items()):
        if server.redirects_to:
            continue
        named = next((asking[item.key].aliases for item in server.ingresses if item.key in asking), ())
        server.alias_patterns = tuple(name for name in named if is_pattern(name) and name not in servers)
        for name in named:
            if name not in servers and not is_pattern(name):
                certificate = _certificate(name, server, servers, certificates)
                servers[name] = replace(
                    server, host=name, certificate=certificate, alias_of=host, alias_patterns=(), passthrough=None
                )


def is_pattern(name: str) -> bool:
    """Tell whether nginx takes a server name for more than one name: a wildcard or a regular expression."""
    return name.startswith(("~", ".")) or "*" in name


def _certificate(
    name: str, server: Server, servers: Mapping[str, Server], certificates: Mapping[tuple[str, str], Certificate]
) -> ServedCertificate:
    """Return that of the host where it is valid for the name, else that of a wildcard above it."""
    secret = server.certificate.secret
    if secret and any(certificate_covers(covered, name) for covered in certificates[secret].names):
        return ServedCertificate(secret, configured=True)
    parent = servers.get(str(parent_wildcard(name)))
    if parent and parent.certificate.configured:
        return replace(parent.certificate)
    return ServedCertificate(reason=f"the certificate of {server.host} does not cover it")
