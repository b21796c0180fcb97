# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The annotation catalogue: the 138 names that ingress-nginx 1.15 accepts. PRIVATE to the collection.

Source: semantics.md A.1 to A.4 (names, scope, what an invalid value does, what is lost when it is dropped) and
ingress-nginx ``internal/ingress/annotations`` (groups, risk classes, validators).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from . import syntax as s
from .syntax import Check


class Risk(IntEnum):
    """Risk class of an annotation, compared with ConfigMap ``annotations-risk-level`` (semantics.md 0.2)."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2
    CRITICAL = 3


class Scope(Enum):
    """What one annotation affects (semantics.md A, column Scope)."""

    LOCATION = "every path of its Ingress"
    HOST = "the whole host"
    UPSTREAM = "the backend, for every Ingress that uses it"
    INGRESS = "its Ingress"


class Invalid(Enum):
    """What an invalid value does in nginx (semantics.md 0.3)."""

    REJECT = "the whole Ingress is rejected"
    DEFAULT = "the value is replaced by its default"
    DENY = "every path of the Ingress answers 503"
    FORBID = "the whole host answers 403"
    IGNORE = "the annotation and its group are ignored"


class Loss(Enum):
    """What is at stake when an annotation is not carried over (semantics.md A, column Drop)."""

    SECURITY = "security"
    BEHAVIOUR = "behaviour"
    PERFORMANCE = "performance"
    COSMETIC = "cosmetic"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One accepted name; ``alias`` is read only when the value under ``name`` is empty."""

    name: str
    group: str
    valid: Check
    risk: Risk
    scope: Scope
    invalid: Invalid
    loss: Loss
    alias: str = ""


_L, _M, _H, _C = Risk.LOW, Risk.MEDIUM, Risk.HIGH, Risk.CRITICAL
_LOC, _HOST, _UPS, _ING = Scope.LOCATION, Scope.HOST, Scope.UPSTREAM, Scope.INGRESS
_R, _D, _503, _403, _I = Invalid.REJECT, Invalid.DEFAULT, Invalid.DENY, Invalid.FORBID, Invalid.IGNORE
_SEC, _BEH, _PERF, _COS = Loss.SECURITY, Loss.BEHAVIOUR, Loss.PERFORMANCE, Loss.COSMETIC

_ON_OFF = s.matching(r"on|off")
_METHODS = s.containing(r"GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE")
_COOKIE_AGE = s.containing(r"^0|-?[1-9]\d*$")
# Upstream nests repetitions in these three. The same languages are written here without nesting, for Python's engine
# backtracks where Go's does not.
_CORS_ORIGINS = s.matching(r"(?:[A-Za-z0-9\-.,]|\*\.|(?<=[a-z])://|:\d)*|\*")
_CORS_METHODS = s.matching(r"(?:[A-Za-z],?\s?)+")
_CORS_EXPOSED = s.matching(r"(?:[A-Za-z0-9\-_*],?\s?)+")
_NEXT_UPSTREAM = s.matching(
    r"(?:(?:error|timeout|invalid_header|http_500|http_502|http_503|http_504|http_403|http_404|http_429"
    r"|non_idempotent|off)\s?)+",
    ignore_spaces=False,
)

ANNOTATIONS: dict[str, Annotation] = {
    annotation.name: annotation
    for annotation in (
        # A.1 Hosts, TLS, redirects, paths
        Annotation("server-alias", "alias", s.is_server_name_list, _H, _HOST, _R, _BEH),
        Annotation("app-root", "rewrite", s.path_with_captures, _M, _HOST, _D, _BEH),
        Annotation("rewrite-target", "rewrite", s.path_with_captures, _M, _LOC, _D, _BEH),
        Annotation("use-regex", "rewrite", s.is_bool, _L, _HOST, _D, _SEC),
        Annotation("ssl-redirect", "rewrite", s.is_bool, _L, _LOC, _D, _SEC),
        Annotation("force-ssl-redirect", "rewrite", s.is_bool, _M, _LOC, _D, _SEC),
        Annotation("preserve-trailing-slash", "rewrite", s.is_bool, _M, _LOC, _D, _COS),
        Annotation("ssl-passthrough", "sslpassthrough", s.is_bool, _L, _HOST, _R, _SEC),
        Annotation(
            "ssl-ciphers",
            "sslcipher",
            s.matching(r"(?:[A-Za-z0-9!:+\-]|@STRENGTH|@SECLEVEL=[0-5])*"),
            _L,
            _HOST,
            _R,
            _SEC,
        ),
        Annotation("ssl-prefer-server-ciphers", "sslcipher", s.is_bool, _L, _HOST, _I, _COS),
        Annotation("from-to-www-redirect", "redirect", s.is_bool, _L, _HOST, _R, _BEH),
        Annotation("permanent-redirect", "redirect", s.url_chars, _M, _LOC, _R, _BEH),
        Annotation("permanent-redirect-code", "redirect", s.is_int, _L, _LOC, _R, _COS),
        Annotation("temporal-redirect", "redirect", s.url_chars, _M, _LOC, _R, _BEH),
        Annotation("temporal-redirect-code", "redirect", s.is_int, _L, _LOC, _R, _COS),
        Annotation("relative-redirects", "redirect", s.is_bool, _L, _LOC, _R, _COS),
        Annotation("use-port-in-redirects", "portinredirect", s.is_bool, _L, _LOC, _D, _COS),
        Annotation("canary", "canary", s.is_bool, _L, _ING, _D, _BEH),
        Annotation("canary-by-header", "canary", s.basic_chars, _M, _ING, _D, _BEH),
        Annotation("canary-by-header-value", "canary", s.basic_chars, _M, _ING, _D, _BEH),
        Annotation("canary-by-header-pattern", "canary", s.regex_chars, _M, _ING, _D, _BEH),
        Annotation("canary-by-cookie", "canary", s.basic_chars, _M, _ING, _D, _BEH),
        Annotation("canary-weight", "canary", s.is_int, _L, _ING, _D, _BEH),
        Annotation("canary-weight-total", "canary", s.is_int, _L, _ING, _D, _BEH),
        # A.2 Upstream connection, load balancing, affinity
        Annotation(
            "backend-protocol",
            "backendprotocol",
            s.is_backend_protocol,
            _L,
            _LOC,
            _D,
            _SEC,
        ),
        Annotation("service-upstream", "serviceupstream", s.is_bool, _L, _UPS, _D, _COS),
        Annotation(
            "load-balance",
            "loadbalancing",
            s.one_of("round_robin", "chash", "chashsubset", "sticky_balanced", "sticky_persistent", "ewma"),
            _L,
            _UPS,
            _R,
            _PERF,
        ),
        Annotation("upstream-hash-by", "upstreamhashby", s.matching(r"[A-Za-z0-9\-_${}.:/?&=]*"), _H, _UPS, _R, _BEH),
        Annotation("upstream-hash-by-subset", "upstreamhashby", s.is_bool, _L, _UPS, _R, _PERF),
        Annotation("upstream-hash-by-subset-size", "upstreamhashby", s.is_int, _L, _UPS, _R, _PERF),
        Annotation("affinity", "sessionaffinity", s.one_of("cookie"), _L, _UPS, _D, _BEH),
        Annotation("affinity-mode", "sessionaffinity", s.one_of("balanced", "persistent"), _M, _UPS, _D, _BEH),
        Annotation("affinity-canary-behavior", "sessionaffinity", s.one_of("sticky", "legacy"), _L, _ING, _D, _BEH),
        Annotation("session-cookie-name", "sessionaffinity", s.basic_chars, _M, _UPS, _D, _BEH),
        Annotation("session-cookie-path", "sessionaffinity", s.url_chars, _M, _UPS, _D, _BEH),
        Annotation("session-cookie-domain", "sessionaffinity", s.basic_chars, _M, _UPS, _D, _COS),
        Annotation("session-cookie-max-age", "sessionaffinity", _COOKIE_AGE, _M, _UPS, _D, _BEH),
        Annotation("session-cookie-expires", "sessionaffinity", _COOKIE_AGE, _M, _UPS, _D, _COS),
        Annotation("session-cookie-secure", "sessionaffinity", s.is_bool, _L, _UPS, _D, _SEC),
        Annotation(
            "session-cookie-samesite",
            "sessionaffinity",
            s.one_of("none", "lax", "strict", ignore_case=True),
            _L,
            _UPS,
            _D,
            _SEC,
        ),
        Annotation("session-cookie-conditional-samesite-none", "sessionaffinity", s.is_bool, _L, _UPS, _D, _COS),
        Annotation("session-cookie-change-on-failure", "sessionaffinity", s.is_bool, _L, _UPS, _D, _BEH),
        Annotation("upstream-vhost", "upstreamvhost", s.is_server_name, _L, _LOC, _R, _BEH),
        Annotation("connection-proxy-header", "connection", s.matching(r"close|keep-alive"), _L, _LOC, _R, _PERF),
        Annotation("proxy-http-version", "proxy", s.one_of("1.0", "1.1"), _L, _LOC, _D, _COS),
        Annotation("proxy-connect-timeout", "proxy", s.is_int, _L, _LOC, _D, _BEH),
        Annotation("proxy-read-timeout", "proxy", s.is_int, _L, _LOC, _D, _BEH),
        Annotation("proxy-send-timeout", "proxy", s.is_int, _L, _LOC, _D, _BEH),
        Annotation("proxy-next-upstream", "proxy", _NEXT_UPSTREAM, _M, _LOC, _D, _BEH),
        Annotation("proxy-next-upstream-tries", "proxy", s.is_int, _L, _LOC, _D, _BEH),
        Annotation("proxy-next-upstream-timeout", "proxy", s.is_int, _L, _LOC, _D, _BEH),
        Annotation("proxy-ssl-secret", "proxyssl", s.basic_chars, _M, _LOC, _503, _SEC),
        Annotation("proxy-ssl-verify", "proxyssl", _ON_OFF, _L, _LOC, _D, _SEC),
        Annotation("proxy-ssl-verify-depth", "proxyssl", s.is_int, _L, _LOC, _D, _COS),
        Annotation("proxy-ssl-name", "proxyssl", s.is_server_name, _H, _LOC, _D, _SEC),
        Annotation("proxy-ssl-server-name", "proxyssl", _ON_OFF, _L, _LOC, _D, _BEH),
        Annotation("proxy-ssl-protocols", "proxyssl", s.matching(r"(?:TLSv1\.2|TLSv1\.3)*"), _L, _LOC, _D, _COS),
        Annotation("proxy-ssl-ciphers", "proxyssl", s.matching(r"[A-Za-z0-9+:_\-!]*"), _M, _LOC, _D, _COS),
        # A.3 Access control
        Annotation(
            "allowlist-source-range",
            "ipallowlist",
            s.is_network_list,
            _M,
            _LOC,
            _503,
            _SEC,
            alias="whitelist-source-range",
        ),
        Annotation("denylist-source-range", "ipdenylist", s.is_network_list, _M, _LOC, _503, _SEC),
        Annotation("auth-type", "auth", s.containing(r"basic|digest"), _L, _LOC, _R, _SEC),
        Annotation("auth-secret", "auth", s.basic_chars, _M, _LOC, _503, _SEC),
        Annotation("auth-secret-type", "auth", s.containing(r"auth-file|auth-map"), _L, _LOC, _R, _SEC),
        Annotation("auth-realm", "auth", s.chars_and_spaces, _M, _LOC, _R, _COS),
        Annotation("auth-url", "authreq", s.url_with_variables, _H, _LOC, _R, _SEC),
        Annotation("auth-method", "authreq", _METHODS, _L, _LOC, _503, _BEH),
        Annotation("auth-signin", "authreq", s.url_with_variables, _H, _LOC, _I, _BEH),
        Annotation("auth-signin-redirect-param", "authreq", s.url_chars, _M, _LOC, _I, _BEH),
        Annotation("auth-request-redirect", "authreq", s.url_chars, _M, _LOC, _I, _BEH),
        Annotation("auth-response-headers", "authreq", s.header_list, _M, _LOC, _503, _SEC),
        Annotation("auth-proxy-set-headers", "authreq", s.basic_chars, _M, _LOC, _503, _BEH),
        Annotation("auth-cache-key", "authreq", s.nginx_variable, _M, _LOC, _I, _PERF),
        Annotation("auth-cache-duration", "authreq", s.extended_chars, _M, _LOC, _I, _PERF),
        Annotation("auth-keepalive", "authreq", s.is_int, _L, _LOC, _D, _PERF),
        Annotation("auth-keepalive-requests", "authreq", s.is_int, _L, _LOC, _D, _PERF),
        Annotation("auth-keepalive-timeout", "authreq", s.is_int, _L, _LOC, _D, _PERF),
        Annotation("auth-keepalive-share-vars", "authreq", s.is_bool, _L, _LOC, _D, _COS),
        Annotation("auth-always-set-cookie", "authreq", s.is_bool, _L, _LOC, _I, _BEH),
        Annotation("auth-snippet", "authreq", s.anything, _C, _LOC, _D, _SEC),
        Annotation("enable-global-auth", "authreqglobal", s.is_bool, _L, _LOC, _D, _SEC),
        Annotation("auth-tls-secret", "authtls", s.basic_chars, _M, _HOST, _403, _SEC),
        Annotation("auth-tls-verify-client", "authtls", s.containing(r"on|off|optional"), _M, _HOST, _D, _SEC),
        Annotation("auth-tls-verify-depth", "authtls", s.is_int, _L, _HOST, _D, _SEC),
        Annotation(
            "auth-tls-error-page",
            "authtls",
            s.matching(r"(?:(?:https?://)?[A-Za-z0-9\-.]*(?::\d+)?/[A-Za-z0-9\-.]*)?"),
            _H,
            _HOST,
            _R,
            _COS,
        ),
        Annotation("auth-tls-pass-certificate-to-upstream", "authtls", s.is_bool, _L, _HOST, _R, _SEC),
        Annotation("auth-tls-match-cn", "authtls", s.is_common_name_pattern, _H, _HOST, _R, _SEC),
        Annotation("satisfy", "satisfy", s.one_of("any", "all"), _L, _LOC, _D, _SEC),
        Annotation("limit-rps", "ratelimit", s.is_int, _L, _ING, _R, _SEC),
        Annotation("limit-rpm", "ratelimit", s.is_int, _L, _ING, _R, _SEC),
        Annotation("limit-connections", "ratelimit", s.is_int, _L, _ING, _R, _SEC),
        Annotation("limit-burst-multiplier", "ratelimit", s.is_int, _L, _ING, _D, _BEH),
        Annotation("limit-allowlist", "ratelimit", s.is_network_list, _L, _ING, _R, _BEH, alias="limit-whitelist"),
        Annotation("limit-rate", "ratelimit", s.is_int, _L, _LOC, _D, _PERF),
        Annotation("limit-rate-after", "ratelimit", s.is_int, _L, _LOC, _D, _COS),
        Annotation("enable-modsecurity", "modsecurity", s.is_bool, _L, _LOC, _I, _SEC),
        Annotation("enable-owasp-core-rules", "modsecurity", s.is_bool, _L, _LOC, _I, _SEC),
        Annotation("modsecurity-snippet", "modsecurity", s.anything, _C, _LOC, _D, _SEC),
        Annotation("modsecurity-transaction-id", "modsecurity", s.nginx_variable, _H, _LOC, _I, _COS),
        # A.4 Requests, responses, headers, buffering
        Annotation("proxy-body-size", "proxy", s.size, _M, _LOC, _D, _SEC),
        Annotation("client-body-buffer-size", "clientbodybuffersize", s.size, _L, _LOC, _R, _PERF),
        Annotation("proxy-request-buffering", "proxy", s.one_of("on", "off"), _L, _LOC, _D, _PERF),
        Annotation("proxy-buffering", "proxy", s.one_of("on", "off"), _L, _LOC, _D, _PERF),
        Annotation("proxy-buffers-number", "proxy", s.is_int, _L, _LOC, _D, _PERF),
        Annotation("proxy-buffer-size", "proxy", s.size, _L, _LOC, _D, _BEH),
        Annotation("proxy-busy-buffers-size", "proxy", s.size, _L, _LOC, _D, _PERF),
        Annotation("proxy-max-temp-file-size", "proxy", s.size, _L, _LOC, _D, _PERF),
        Annotation("proxy-cookie-domain", "proxy", s.basic_chars, _M, _LOC, _D, _BEH),
        Annotation("proxy-cookie-path", "proxy", s.url_chars, _M, _LOC, _D, _BEH),
        Annotation("proxy-redirect-from", "proxy", s.url_chars, _M, _LOC, _D, _BEH),
        Annotation("proxy-redirect-to", "proxy", s.url_chars, _M, _LOC, _D, _BEH),
        Annotation("custom-headers", "customheaders", s.basic_chars, _M, _LOC, _503, _SEC),
        Annotation("x-forwarded-prefix", "xforwardedprefix", s.path_with_captures_and_spaces, _M, _LOC, _R, _BEH),
        Annotation("configuration-snippet", "snippet", s.anything, _C, _LOC, _D, _SEC),
        Annotation("server-snippet", "serversnippet", s.anything, _C, _HOST, _D, _SEC),
        Annotation("stream-snippet", "streamsnippet", s.anything, _C, _HOST, _D, _BEH),
        Annotation("enable-cors", "cors", s.is_bool, _L, _LOC, _D, _BEH),
        Annotation("cors-allow-origin", "cors", _CORS_ORIGINS, _M, _LOC, _D, _SEC),
        Annotation("cors-allow-methods", "cors", _CORS_METHODS, _M, _LOC, _D, _BEH),
        Annotation("cors-allow-headers", "cors", s.header_list, _M, _LOC, _D, _BEH),
        Annotation("cors-allow-credentials", "cors", s.is_bool, _L, _LOC, _D, _SEC),
        Annotation("cors-expose-headers", "cors", _CORS_EXPOSED, _M, _LOC, _D, _COS),
        Annotation("cors-max-age", "cors", s.is_int, _L, _LOC, _D, _COS),
        Annotation("custom-http-errors", "customhttperrors", s.matching(r"(?:[4,5]\d{2},?)*"), _L, _LOC, _R, _BEH),
        Annotation("default-backend", "defaultbackend", s.is_service_name, _L, _LOC, _R, _BEH),
        Annotation("disable-proxy-intercept-errors", "disableproxyintercepterrors", s.is_bool, _L, _LOC, _D, _COS),
        Annotation("fastcgi-index", "fastcgi", s.matching(r"[A-Za-z0-9.\-_]+"), _M, _LOC, _R, _BEH),
        Annotation("fastcgi-params-configmap", "fastcgi", s.basic_chars, _M, _LOC, _R, _BEH),
        Annotation("http2-push-preload", "http2pushpreload", s.is_bool, _L, _LOC, _R, _COS),
        Annotation("mirror-target", "mirror", s.is_server_name, _H, _LOC, _D, _BEH),
        Annotation("mirror-request-body", "mirror", _ON_OFF, _L, _LOC, _D, _SEC),
        Annotation("mirror-host", "mirror", s.is_server_name, _H, _LOC, _D, _BEH),
        Annotation("enable-access-log", "log", s.is_bool, _L, _LOC, _D, _COS),
        Annotation("enable-rewrite-log", "log", s.is_bool, _L, _LOC, _D, _COS),
        Annotation("enable-opentelemetry", "opentelemetry", s.is_bool, _L, _LOC, _D, _COS),
        Annotation("opentelemetry-trust-incoming-span", "opentelemetry", s.is_bool, _L, _LOC, _D, _COS),
        Annotation("opentelemetry-operation-name", "opentelemetry", s.matching(r"[A-Za-z0-9_\-]*"), _M, _LOC, _R, _COS),
    )
}

ALIASES: dict[str, str] = {a.alias: a.name for a in ANNOTATIONS.values() if a.alias}
"""Alias to canonical name."""

ACCEPTED: frozenset[str] = frozenset(ANNOTATIONS) | frozenset(ALIASES)
"""All 138 names."""
