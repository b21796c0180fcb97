# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is worth knowing about a host that can move. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._bundle.bundle import Certificate
from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._nginx.ingress import Ingress
from .._nginx.site import DEFAULT_SERVER, Server, Site


def ingress_notes(ingress: Ingress, site: Site) -> Iterator[Finding]:
    """Yield what of an Ingress has no effect in nginx, and so none on the gateway."""
    listed = {rule.host for rule in ingress.rules}
    for entry in ingress.tls:
        for host in entry.hosts:
            if host not in listed and host not in site.servers:
                yield finding("TLS-HOST-WITHOUT-RULE", Source(ingress.key, field="spec.tls"), host=host)
    for rule in ingress.rules:
        for path in rule.paths or ():
            if path.backend is None:
                source = Source(ingress.key, field=f"path {path.path}")
                yield finding("BACKEND-NOT-A-SERVICE", source, host=rule.host, path=path.path)


def shadowed_notes(site: Site) -> Iterator[Finding]:
    """Yield the rules whose path an older Ingress owns."""
    for host, shadowed, winner in site.shadowed:
        if shadowed.ingress and winner.ingress and host != DEFAULT_SERVER:
            source = Source(shadowed.ingress.key, field=f"path {shadowed.rule_path}")
            values = {"path": shadowed.rule_path, "type": shadowed.type, "winner": str(winner.ingress.key)}
            yield finding("DUPLICATE-PATH", source, host=host, **values)


def certificate_notes(server: Server, certificates: Mapping[tuple[str, str], Certificate]) -> Iterator[Finding]:
    """Yield what is to be said of the certificate that nginx shows for a host."""
    secret = server.certificate.secret
    deciding = next((ingress for ingress in server.ingresses if ingress.tls), None)
    if deciding is None:
        return
    source = Source(deciding.key, field="spec.tls")
    if secret is None:
        yield finding("DEFAULT-CERTIFICATE", source, host=server.host, reason=server.certificate.reason)
    elif certificates[secret].expired:
        values = {"secret": "/".join(secret), "until": certificates[secret].not_after}
        yield finding("CERTIFICATE-EXPIRED", source, host=server.host, **values)
