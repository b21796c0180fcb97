# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may come in: addresses, passwords, external authentication, client certificates. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "CLIENT-ADDRESS-HIDDEN",
        Level.CONSENT,
        "The host admits clients by address, but the gateway's Service would show node addresses.",
        "an address list protects this host, and externalTrafficPolicy of the gateway's Service is {policy}",
        "Set externalTrafficPolicy to Local on the gateway's Service.",
    ),
    Code(
        "SATISFY-ANY",
        Level.BLOCKED,
        "One of several checks is enough (satisfy: any); Envoy's filters must all be passed.",
        "satisfy: any lets in whoever passes one check, which the gateway cannot express",
        "Give the paths for listed addresses a host of their own, or require all checks.",
    ),
    Code(
        "BLOCK-LIST-NOT-CONVERTED",
        Level.BLOCKED,
        "An entry of block-user-agents or block-referers is a pattern that Envoy does not have.",
        "entry {entry} of ConfigMap key {key} uses {reason}, which Envoy does not have",
        "Write the entry without it.",
    ),
    Code(
        "FORWARDED-HEADERS-TRUSTED",
        Level.CONSENT,
        "nginx believes headers about client, scheme and host, from whoever may send them; the gateway believes none.",
        "{key} is set: nginx takes the client's address from {header}, the gateway takes the address of the connection",
        "Where a proxy stands in front, let it preserve addresses and pass TLS on, or set numTrustedProxies on the "
        "gateway and see that address lists, rate limits and redirects to https still do what they should.",
    ),
    Code(
        "PROXY-PROTOCOL-EXPECTED",
        Level.CONSENT,
        "The load balancer sends PROXY protocol headers to nginx; the gateway must be told to read them.",
        "use-proxy-protocol is set: the gateway must read PROXY protocol headers, or it refuses every connection",
        "Set gatewayTopology.proxyProtocol in the proxy.istio.io/config annotation of the gateway, or send none to it.",
    ),
    Code(
        "BASIC-AUTH-INACTIVE",
        Level.CONSENT,
        "Annotations look as if a password protected the host, but nginx asks for none: the host is open.",
        "nginx asks for no password, although auth annotations are there: {reason}",
        "If the host should be protected, correct the annotations; if it may be open, remove them or accept this code.",
    ),
    Code(
        "DIGEST-AUTH",
        Level.BLOCKED,
        "Digest authentication, which the gateway does not have.",
        "auth-type {type} asks for digest authentication, which the gateway does not have",
        "Use auth-type basic over https, or external authentication.",
    ),
    Code(
        "PASSWORD-FORMAT",
        Level.BLOCKED,
        "Passwords are hashed in a way that Envoy cannot check: it knows {{SHA}} only.",
        "Secret {secret} holds passwords of format {formats}, which Envoy cannot check",
        "Issue them again as {{SHA}} (htpasswd -s), or ask an external service that reads the same Secret.",
    ),
    Code(
        "PASSWORDS-COPIED",
        Level.NOTE,
        "Password hashes are copied into the gateway's configuration and do not renew by themselves.",
        "the passwords of Secret {secret} are copied into an EnvoyFilter, which whoever may read EnvoyFilters can read",
        "Run the migration again after a change of the Secret.",
    ),
    Code(
        "PASSWORDS-TO-BRING",
        Level.CONSENT,
        "Manifests hold no password hashes: applied as they are, they let nobody in.",
        "the EnvoyFilter in the manifests names Secret {secret} in place of its users, and lets nobody in as it is",
        "Let the playbook apply the plan, or fill the users in where the manifests are applied.",
    ),
    Code(
        "BASIC-AUTH-REALM",
        Level.APPROXIMATE,
        "The realm that browsers show is the address of the page on the gateway, the text of auth-realm on nginx.",
        "the realm of WWW-Authenticate is the URL of the request, not {realm}",
        "None: clients send the same credentials.",
    ),
    Code(
        "CLIENT-CERTIFICATE-HANDSHAKE",
        Level.APPROXIMATE,
        "Clients without a valid certificate get no connection from the gateway, an answer 400 from nginx.",
        "without a valid client certificate the handshake fails, where nginx answers 400; headers ssl-client-* that "
        "clients send never reach a backend",
        "None: nobody comes in either way.",
    ),
    Code(
        "CLIENT-CERTIFICATE-SHARED",
        Level.BLOCKED,
        "The host shares its certificate with hosts that ask for no client certificates, or for others.",
        "the host asks for client certificates, but shares the one that it shows with {neighbour}",
        "Give the host a certificate of its own: browsers use one connection for all names of a certificate.",
    ),
    Code(
        "CLIENT-CERTIFICATE-INACTIVE",
        Level.CONSENT,
        "A Secret for client certificates is named, but nginx asks for none: the host is open.",
        "nginx asks for no client certificates, although auth-tls-secret is there: {reason}",
        "If the host should be protected, put ca.crt into the Secret; if it may be open, remove the annotation or "
        "accept this code.",
    ),
    Code(
        "CLIENT-CERTIFICATE-UNVERIFIED",
        Level.CONSENT,
        "nginx lets any certificate pass and leaves it to the backend to judge; the gateway lets in only valid ones.",
        "verify-client is optional_no_ca: the gateway refuses certificates that nginx would pass on unverified",
        "Let the backend's clients use certificates of the authority in auth-tls-secret.",
    ),
    Code(
        "CLIENT-CERTIFICATE-ERROR-PAGE",
        Level.APPROXIMATE,
        "Clients without a valid certificate see no error page: no connection comes about.",
        "auth-tls-error-page {page} has no effect, for a handshake fails without an answer",
        "Link the page from where clients come from.",
    ),
    Code(
        "REFUSED-BEFORE-503",
        Level.APPROXIMATE,
        "While no endpoint is ready nginx answers 503 to everybody; the gateway first refuses those it keeps out.",
        "while no endpoint is ready, the gateway answers 401 or 403 to those it refuses, nginx 503 to all",
        "None: it ends when an endpoint is ready.",
    ),
    Code(
        "FIREWALL-LOST",
        Level.CONSENT,
        "nginx looks at requests with ModSecurity; a gateway does not.",
        "{setting} has ModSecurity look at requests; the gateway has no web application firewall",
        "Install Coraza on the gateway, or accept that requests are not looked at.",
    ),
)
