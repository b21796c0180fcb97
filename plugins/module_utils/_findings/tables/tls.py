# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and TLS. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "DEFAULT-CERTIFICATE",
        Level.APPROXIMATE,
        "nginx answers this host over https with its default certificate; the gateway does so with its own.",
        "https is answered with the default certificate: {reason}",
        "Give the host a certificate that is valid for it.",
    ),
    Code(
        "OTHER-CERTIFICATE",
        Level.APPROXIMATE,
        "The gateway shows another certificate than nginx: one that covers the name, where nginx has none for it.",
        "https shows certificate {shown}, nginx shows {served}",
        "None: the name is covered by the certificate of a neighbour. Give the host a certificate to choose it.",
    ),
    Code(
        "CERTIFICATE-COPY",
        Level.NOTE,
        "The certificate is copied into the gateway's namespace, where it does not renew by itself.",
        "certificate {secret} is copied to {copy}; it is valid until {until}",
        "Run the migration again after a renewal, or let cert-manager issue it for the gateway.",
    ),
    Code(
        "CERTIFICATE-EXPIRED",
        Level.NOTE,
        "A certificate is expired; nginx serves it, and so will the gateway.",
        "certificate {secret} expired on {until}",
        "Renew the certificate.",
    ),
    Code(
        "TLS-HOST-WITHOUT-RULE",
        Level.NOTE,
        "A host stands only in spec.tls; nginx creates no server for it.",
        "host {host} stands in spec.tls but in no rule; nginx does not serve it",
        "Remove it, or add a rule.",
    ),
    Code(
        "TLS-PASSTHROUGH",
        Level.BLOCKED,
        "nginx passes the TLS connections of the host through, but to nothing that could take them.",
        "TLS is passed through to the backend of the path /, and no connection comes about: {problem}",
        "Give the host a rule for the path / with a Service that has endpoints, or remove the annotation.",
    ),
    Code(
        "CIPHERS-MISSING",
        Level.APPROXIMATE,
        "Some of the TLS 1.2 ciphers that nginx offers are none that Envoy has. No request shows it.",
        "the gateway does not offer the ciphers {ciphers}",
        "None for clients of the last ten years, which all have others of the list.",
    ),
    Code(
        "STRANGERS-OF-CERTIFICATES",
        Level.NOTE,
        "nginx rejects handshakes for names that no host has; the gateway answers names of its certificates with 404.",
        "ssl-reject-handshake: names that stand in a certificate and that no host has are answered with 404",
        "None in most cases: nothing is served under such a name.",
    ),
    Code(
        "CIPHERS-LOST",
        Level.CONSENT,
        "The TLS 1.2 ciphers are chosen by a list that a Gateway cannot say; the gateway offers its own.",
        "the cipher list {ciphers} is not carried over; the gateway offers its own TLS 1.2 ciphers",
        "Compare the ciphers of the gateway with the list, then accept the code or leave the host on nginx.",
    ),
    Code(
        "REDIRECT-KEEPS-SLASH",
        Level.APPROXIMATE,
        "nginx cuts one trailing slash in its redirect to https; Envoy keeps it.",
        "the redirect to https keeps a trailing slash, which nginx cuts",
        "None: clients arrive at the same resource. Set preserve-trailing-slash to see it on nginx, too.",
    ),
    Code(
        "SECRET-TO-BRING",
        Level.NOTE,
        "Manifests hold no keys: where something else applies them, the gateway's Secrets must be brought as well.",
        "the manifests need Secret {secret} of type kubernetes.io/tls: {content}",
        "Let cert-manager or a replication operator make it, seal it, or let the playbook apply the plan.",
    ),
)
