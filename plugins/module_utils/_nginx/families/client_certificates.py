# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client certificates (semantics.md A.3 81 to 86, B.14). PRIVATE."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..._http.exchange import Guard, Request
from ..reader import Reader
from ..references import Place, split_reference

_MODES = re.compile(r"on|off|optional|optional_no_ca")
_DEFAULT_DEPTH = 1


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    """What an Ingress asks of the clients of its hosts.

    ``secret`` holds the authority, None where the annotations name none. ``verify`` is that of nginx's
    ``ssl_verify_client``, ``depth`` counts the certificates between a client's and a trusted one. ``common_name`` is a
    regular expression that the subject must match, also on http. ``refused`` says why nginx answers 403 to everybody,
    ``inactive`` why it asks for no certificate at all although a Secret is named.
    """

    secret: Place | None = None
    verify: str = "on"
    depth: int = _DEFAULT_DEPTH
    error_page: str = ""
    passes_certificate: bool = False
    common_name: str = ""
    refused: str = ""
    inactive: str = ""

    def guards(self, scheme: str) -> tuple[Guard, ...]:
        """Return what decides before anything else over ``scheme``, in the form that witnesses compare.

        A certificate is refused by nginx with 400, by the gateway with the handshake: no request here has one to show.
        The gateway knows no certificates that are passed on unverified.
        """
        if not self.asks or scheme != "https":
            return ()
        return (Guard("certificate", f"{self.verify.removesuffix('_no_ca')} depth {self.depth}"),)

    @property
    def asks(self) -> bool:
        """Whether handshakes ask for a certificate."""
        return self.secret is not None and self.verify != "off"


NO_CLIENT_CERTIFICATES = ClientCertificates()


def read_client_certificates(reader: Reader) -> ClientCertificates:
    """Return what the annotations of this family say.

    Source: ingress-nginx ``internal/ingress/annotations/authtls/main.go`` Parse, ``store/backend_ssl.go``
    getPemCertificate.
    """
    values = reader.values
    if "auth-tls-secret" not in values:
        return NO_CLIENT_CERTIFICATES
    written = values["auth-tls-secret"]
    place = split_reference(written, "") if "/" in written else None
    refused = "auth-tls-secret is not namespace/name" if place is None else _refusal(place, reader)
    if refused or place is None:
        return ClientCertificates(refused=refused)
    reader.insist("auth-tls-error-page", "auth-tls-pass-certificate-to-upstream", "auth-tls-match-cn")
    facts = reader.references.secrets.get(place)
    if facts is not None and "ca.crt" not in facts.keys:
        return ClientCertificates(inactive=f"Secret {written} has no ca.crt", common_name=_pattern(reader))
    mode = values.get("auth-tls-verify-client", "on")
    return ClientCertificates(
        place,
        mode if _MODES.fullmatch(mode) else "on",
        reader.integer("auth-tls-verify-depth", 0) or _DEFAULT_DEPTH,
        values.get("auth-tls-error-page", ""),
        reader.boolean("auth-tls-pass-certificate-to-upstream", False),
        _pattern(reader),
    )


def _refusal(place: Place, reader: Reader) -> str:
    """Return why nginx cannot use a Secret, empty where it can."""
    secret, facts = "/".join(place), reader.references.secrets.get(place)
    if place[0] != reader.namespace and not reader.settings.allow_cross_namespace:
        return f"Secret {secret} is in another namespace"
    if facts is None:
        return "" if reader.references.assumed else f"Secret {secret} does not exist"
    if "ca.crt" in facts.keys:
        return "" if facts.authority else f"ca.crt of Secret {secret} is no certificate"
    return "" if {"tls.crt", "tls.key"} <= set(facts.keys) else f"Secret {secret} holds no certificate"


def _pattern(reader: Reader) -> str:
    return reader.values.get("auth-tls-match-cn", "")


def merged(asked: Iterable[ClientCertificates]) -> ClientCertificates:
    """Return what holds for a host whose Ingresses say ``asked``, the oldest first.

    The first with an authority decides; the first that cannot be used closes the host, whatever others say. Source:
    ingress-nginx ``controller.getBackendServers``.
    """
    chosen, refused = NO_CLIENT_CERTIFICATES, ""
    for item in asked:
        refused = refused or item.refused
        if chosen.secret is None:
            chosen = item
    return replace(chosen, refused=refused)


def client_headers(wanted: ClientCertificates, request: Request) -> dict[str, str]:
    """Return what backends are told of the client's certificate; what only the handshake knows is in parentheses.

    Without TLS the variables are empty, and nginx sends no header of an empty value, nor the client's. Source:
    ingress-nginx ``nginx.tmpl``, the headers ``ssl-client-*``.
    """
    if wanted.secret is None:
        return {}
    told = dict.fromkeys(("ssl-client-verify", "ssl-client-subject-dn", "ssl-client-issuer-dn"), "")
    if wanted.passes_certificate:
        told["ssl-client-cert"] = ""
    if request.scheme != "https":
        return told
    told["ssl-client-verify"] = "NONE" if not wanted.asks else "SUCCESS" if wanted.verify == "on" else "(verified)"
    if wanted.asks:
        told |= {"ssl-client-subject-dn": "(subject)", "ssl-client-issuer-dn": "(issuer)"}
        if wanted.passes_certificate:
            told["ssl-client-cert"] = "(certificate)"
    return told
