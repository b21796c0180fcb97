# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The families of behaviour, in the order of nginx's phases. PRIVATE to the collection.

An annotation that no family names is not carried over; its hosts stay on nginx (design.md, rule 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .._findings.finding import Finding
from .._nginx.families.answers import NOTHING_REWRITTEN
from .._nginx.policy import Policy
from .access import address_list
from .access_differences import realm, refused_first
from .backend_answers import backend_answers
from .body_size import large_unknown
from .client_certificates import client_certificates, handshake
from .context import Context
from .cors import cross_origin
from .differences import Predicate
from .draft import Draft
from .errors import default_backend, error_pages
from .external_auth import external_auth
from .local_replies import plain_refusals
from .mirror import copies, mirror
from .passwords import password
from .rates import limit_rates, uncounted
from .redirect_differences import own_redirects, server_answers
from .redirects import add_slash, to_https, to_url
from .resilience import idle_timeout, retries
from .rewrite import bare_question_mark, rewrite
from .session import session_differs
from .snippets import scripted, written_headers
from .upstream import backend
from .whole_host import HOST_ANNOTATIONS, names_and_tls
from .without_effect import (
    FIREWALL,
    GIVEN_UP,
    NOT_NEEDED,
    firewall,
    given_up,
    no_effect,
)


def _always(_policy: Policy) -> bool:
    return True


def _never(_policy: Policy) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Family:
    """One behaviour: the annotations that steer it, the function that carries it into a draft, and what differs.

    ``asked`` tells whether a policy can ask for anything of it: where it does not, there is nothing to carry.
    """

    annotations: tuple[str, ...]
    carry: Callable[[Draft, Context], list[Finding]]
    predicates: tuple[Predicate, ...] = ()
    asked: Callable[[Policy], bool] = _always


FAMILIES: tuple[Family, ...] = (
    Family(HOST_ANNOTATIONS, names_and_tls, asked=_never),
    Family((), add_slash),
    Family(
        (
            "enable-cors",
            "cors-allow-origin",
            "cors-allow-methods",
            "cors-allow-headers",
            "cors-allow-credentials",
            "cors-expose-headers",
            "cors-max-age",
        ),
        cross_origin,
        asked=lambda policy: policy.cors is not None,
    ),
    Family(("configuration-snippet", "server-snippet", "stream-snippet", "auth-snippet"), scripted),
    Family(
        (
            "permanent-redirect",
            "permanent-redirect-code",
            "temporal-redirect",
            "temporal-redirect-code",
            "relative-redirects",
            "app-root",
            "from-to-www-redirect",
        ),
        to_url,
        (own_redirects, server_answers),
        asked=lambda policy: bool(policy.redirects.url),
    ),
    Family(("ssl-redirect", "force-ssl-redirect", "preserve-trailing-slash", "use-port-in-redirects"), to_https),
    Family(
        (
            "backend-protocol",
            "proxy-connect-timeout",
            "proxy-http-version",
            "connection-proxy-header",
            "service-upstream",
            "load-balance",
            "upstream-hash-by",
            "upstream-hash-by-subset",
            "upstream-hash-by-subset-size",
            "affinity",
            "affinity-mode",
            "affinity-canary-behavior",
            "session-cookie-name",
            "session-cookie-path",
            "session-cookie-domain",
            "session-cookie-max-age",
            "session-cookie-expires",
            "session-cookie-secure",
            "session-cookie-samesite",
            "session-cookie-conditional-samesite-none",
            "session-cookie-change-on-failure",
            "proxy-ssl-secret",
            "proxy-ssl-verify",
            "proxy-ssl-verify-depth",
            "proxy-ssl-name",
            "proxy-ssl-server-name",
            "proxy-ssl-protocols",
            "proxy-ssl-ciphers",
            "canary",
            "canary-by-header",
            "canary-by-header-value",
            "canary-by-header-pattern",
            "canary-by-cookie",
            "canary-weight",
            "canary-weight-total",
        ),
        backend,
        (session_differs,),
    ),
    Family(
        ("rewrite-target", "use-regex", "upstream-vhost", "x-forwarded-prefix"),
        rewrite,
        (bare_question_mark,),
        asked=lambda policy: bool(policy.rewrite_target or policy.rewriting.vhost),
    ),
    Family(
        ("allowlist-source-range", "denylist-source-range", "satisfy"),
        address_list,
        (plain_refusals, refused_first),
        asked=lambda policy: policy.access.restricts,
    ),
    Family(
        (
            "auth-tls-secret",
            "auth-tls-verify-client",
            "auth-tls-verify-depth",
            "auth-tls-error-page",
            "auth-tls-pass-certificate-to-upstream",
            "auth-tls-match-cn",
        ),
        client_certificates,
        (handshake,),
    ),
    Family(
        ("auth-type", "auth-secret", "auth-secret-type", "auth-realm"),
        password,
        (realm,),
        asked=lambda policy: bool(policy.passwords.secret or policy.passwords.inactive),
    ),
    Family(
        (
            "auth-url",
            "auth-method",
            "auth-signin",
            "auth-signin-redirect-param",
            "auth-request-redirect",
            "auth-response-headers",
            "auth-proxy-set-headers",
            "auth-cache-key",
            "auth-cache-duration",
            "auth-keepalive",
            "auth-keepalive-requests",
            "auth-keepalive-timeout",
            "auth-keepalive-share-vars",
            "auth-always-set-cookie",
            "enable-global-auth",
        ),
        external_auth,
        asked=lambda policy: bool(policy.external_auth.question or policy.external_auth.void),
    ),
    Family(("default-backend",), default_backend, asked=lambda policy: bool(policy.errors.backend)),
    Family(
        ("custom-http-errors", "disable-proxy-intercept-errors"),
        error_pages,
        asked=lambda policy: bool(policy.errors.codes),
    ),
    Family(
        ("mirror-target", "mirror-request-body", "mirror-host"),
        mirror,
        (copies,),
        asked=lambda policy: bool(policy.mirror.target),
    ),
    Family(("proxy-read-timeout", "proxy-send-timeout"), idle_timeout),
    Family(("proxy-next-upstream", "proxy-next-upstream-tries", "proxy-next-upstream-timeout"), retries),
    Family(("proxy-body-size",), no_effect, (large_unknown,), asked=_never),
    Family(
        ("limit-rps", "limit-rpm", "limit-connections", "limit-burst-multiplier", "limit-allowlist"),
        limit_rates,
        (uncounted,),
        asked=lambda policy: policy.limits.counts,
    ),
    Family(NOT_NEEDED, no_effect, asked=_never),
    Family(tuple(GIVEN_UP), given_up, asked=lambda policy: not policy.present.isdisjoint(GIVEN_UP)),
    Family(
        ("proxy-cookie-domain", "proxy-cookie-path", "proxy-redirect-from", "proxy-redirect-to"),
        backend_answers,
        asked=lambda policy: policy.answers is not NOTHING_REWRITTEN,
    ),
    Family(("custom-headers",), no_effect, asked=_never),
    Family(FIREWALL, firewall, asked=lambda policy: not policy.present.isdisjoint(FIREWALL)),
    Family(("fastcgi-index", "fastcgi-params-configmap"), no_effect, asked=_never),
    Family((), written_headers),
)

CARRIED: frozenset[str] = frozenset(name for family in FAMILIES for name in family.annotations)
"""The annotations that are carried over."""


def asked_families(policy: Policy) -> tuple[Family, ...]:
    """Return the families that ``policy`` asks for, in order."""
    return tuple(family for family in FAMILIES if family.asked(policy))
