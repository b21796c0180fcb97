# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS 1.2 ciphers of single hosts (semantics.md A.1 9, C.11). PRIVATE to the collection.

They belong to the server of a Gateway, and so to all hosts of one certificate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._bundle.bundle import Certificate
from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._kube.hosts import certificate_covers
from .._nginx.site import Server, Site
from .._nginx.tls_settings import read_ciphers


def cipher_obstacles(
    server: Server, site: Site, certificates: Mapping[tuple[str, str], Certificate]
) -> Iterator[Finding]:
    """Yield what becomes of the ciphers that a host asks for."""
    if not server.ciphers:
        return
    owners = [item.key for item in server.ingresses if item.named.get("ssl-ciphers")]
    source, host = Source(owners[0], annotation="ssl-ciphers"), server.host
    found = read_ciphers(server.ciphers)
    if found is None or not _are_its_own(server, site, certificates):
        yield finding("CIPHERS-LOST", source, host=host, ciphers=repr(server.ciphers))
    elif found[1]:
        yield finding("CIPHERS-MISSING", source, host=host, ciphers=", ".join(found[1]))


def _are_its_own(server: Server, site: Site, certificates: Mapping[tuple[str, str], Certificate]) -> bool:
    """Tell whether nobody who shares the certificate of a host asks for other ciphers."""
    if server.certificate.secret is None:
        return False
    own = certificates[server.certificate.secret]
    for other in site.servers.values():
        if other.ciphers == server.ciphers:
            continue
        shown = other.certificate.secret
        same = shown is not None and certificates[shown].chain == own.chain
        if same or any(certificate_covers(name, other.host) for name in own.names):
            return False
    return True


def suites(server: Server) -> list[str]:
    """Return the ciphers for the server of a host, none where it has no list of its own that a Gateway can say."""
    found = read_ciphers(server.ciphers) if server.ciphers else None
    return list(found[0]) if found else []
