# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client certificates (semantics.md A.3 81 to 86, B.14, C.10). PRIVATE to the collection.

They are asked for in the handshake, so a host that asks has a server and a certificate of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .._bundle.bundle import Certificate
from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.formatter import PEER_CERTIFICATE, PEER_ISSUER, PEER_SUBJECT, PEER_VERIFIED
from .._istio.resources import HTTP_PORT
from .._kube.hosts import certificate_covers
from .._kube.objects import ObjectKey
from .._nginx.families.client_certificates import ClientCertificates
from .._nginx.site import Server, Site
from .context import Context
from .differences import Difference, Situation
from .draft import Draft, Step, Variant
from .features import Feature
from .generated import generated_answer

_RBAC = "envoy.extensions.filters.http.rbac.v3"
COMMON_NAME = Feature("i2i.common-name", f"{_RBAC}.RBAC", f"{_RBAC}.RBACPerRoute", rank=10)
HEADERS = ("ssl-client-cert", "ssl-client-issuer-dn", "ssl-client-subject-dn", "ssl-client-verify")
_HANDSHAKE = "CLIENT-CERTIFICATE-HANDSHAKE"


def certificate_obstacles(
    server: Server, site: Site, certificates: Mapping[tuple[str, str], Certificate]
) -> Iterator[Finding]:
    """Yield what keeps a host that asks for client certificates on nginx, and what needs consent."""
    wanted = server.client_certificates
    # Without an Ingress of its own the default server answers 404 to whoever gets through: there is nothing to protect.
    if wanted.refused or not (wanted.secret or wanted.inactive) or not server.ingresses:
        return
    source = Source(_owner(server), annotation="auth-tls-secret")
    if wanted.inactive:
        yield finding("CLIENT-CERTIFICATE-INACTIVE", source, host=server.host, reason=wanted.inactive)
        return
    yield finding(_HANDSHAKE, source, host=server.host)
    if not wanted.asks:
        return
    neighbour = _neighbour(server, site, certificates)
    if neighbour:
        yield finding("CLIENT-CERTIFICATE-SHARED", source, host=server.host, neighbour=neighbour)
    if wanted.verify == "optional_no_ca":
        yield finding("CLIENT-CERTIFICATE-UNVERIFIED", source, host=server.host)
    if wanted.error_page:
        yield finding("CLIENT-CERTIFICATE-ERROR-PAGE", source, host=server.host, page=wanted.error_page)


def _neighbour(server: Server, site: Site, certificates: Mapping[tuple[str, str], Certificate]) -> str:
    """Return with whom a host shares the certificate that it shows, empty for nobody who asks for something else."""
    secret = server.certificate.secret
    if secret is None:
        return "every host without a certificate of its own"
    own = certificates[secret]
    for other in site.servers.values():
        if other.client_certificates == server.client_certificates:
            continue
        shown = other.certificate.secret
        same = shown is not None and certificates[shown].chain == own.chain
        if same or any(certificate_covers(name, other.host) for name in own.names):
            return other.host
        if shown is not None and server.host in map(str.lower, certificates[shown].names):
            return other.host
    return ""


def ask_for_certificate(server: Server, drafts: Sequence[Draft]) -> None:
    """Refuse subjects that do not match, before all else."""
    wanted = server.client_certificates
    if not wanted.common_name or not drafts:
        return
    # Over http there is no certificate. The method keeps istiod from sorting the route behind all others.
    match = {"uri": {"prefix": "/"}, "method": {"regex": ".*"}, "port": HTTP_PORT, **drafts[0].guard}
    drafts[0].steps.insert(0, Step(Variant("/unauthorised"), generated_answer(403), (match,)))
    for draft in drafts:
        draft.everywhere[COMMON_NAME] = COMMON_NAME.on_route({"rbac": {"rules": _rules(wanted.common_name)}})


def client_certificates(draft: Draft, _context: Context) -> list[Finding]:
    """Let backends know the client's certificate."""
    if draft.server.client_certificates.secret is not None:
        _tell_backend(draft, draft.server.client_certificates)
    return []


def _tell_backend(draft: Draft, wanted: ClientCertificates) -> None:
    # Removed first, then set: what has no value stays away.
    for name in HEADERS:
        draft.set_request_header(name, "")
    draft.set_request_header("ssl-client-verify", PEER_VERIFIED)
    if wanted.asks:
        draft.set_request_header("ssl-client-subject-dn", PEER_SUBJECT)
        draft.set_request_header("ssl-client-issuer-dn", PEER_ISSUER)
        if wanted.passes_certificate:
            draft.set_request_header("ssl-client-cert", PEER_CERTIFICATE)


def _rules(pattern: str) -> Mapping[str, object]:
    """Return rules that let in subjects of certificates that ``pattern`` finds something in; data, never code."""
    subject = {"select_expr": {"operand": {"ident_expr": {"name": "connection"}}, "field": "subject_peer_certificate"}}
    arguments = [{"const_expr": {"string_value": pattern}}]
    condition = {"call_expr": {"target": subject, "function": "matches", "args": arguments}}
    policy = {"permissions": [{"any": True}], "principals": [{"any": True}], "condition": condition}
    return {"action": "ALLOW", "policies": {"common-name": policy}}


def _owner(server: Server) -> ObjectKey:
    return server.ingresses[0].key


def handshake(situation: Situation) -> Iterator[Difference]:
    """Predict that backends never get a certificate that a client claims to have."""
    nginx, wanted = situation.nginx, situation.server.client_certificates
    if wanted.secret and nginx.backend and not nginx.request_headers.get("ssl-client-cert"):
        yield Difference(_HANDSHAKE, "request_header:ssl-client-cert", "(removed)")
