# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller's arguments and ConfigMap set for every Ingress. PRIVATE to the collection.

Sources: semantics.md 0.1, 0.2 and B.20; ingress-nginx ``pkg/flags/flags.go`` and
``internal/ingress/controller/config/config.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .._bundle.workload import parse_flags
from .catalogue import Risk
from .compression import Compression, read_compressions
from .external_auth import Question
from .global_auth import read_global_auth
from .header_settings import added_headers, hidden_headers, sent_headers
from .setting_keys import FIREWALL, GIVEN_UP, NEUTRAL, NOT_CARRIED
from .snippets.blocks import NOTHING, Block, beside
from .snippets.reading import Level, is_neutral, read_snippet
from .syntax import parse_bool, parse_int, parse_networks, size
from .tls_settings import TlsSettings, read_ciphers, read_versions

_RISKS = {"critical": Risk.CRITICAL, "high": Risk.HIGH, "medium": Risk.MEDIUM}
_REDIRECT_CODES = (301, 302, 307, 308)
_HARDENED_SINCE = (1, 12)
_NEWEST_KNOWN = (1, 15)
_ERRORS = range(400, 600)
_LIMIT_STATUSES = frozenset((*range(400, 418), 421, 422, 423, 424, 426, 428, 429, 431, *range(500, 509), 510, 511))
"""Statuses that Envoy has names for (envoy ``type/v3/http_status.proto``)."""

_OF_ANSWERS = ("proxy-cookie-domain", "proxy-cookie-path", "proxy-redirect-from", "proxy-redirect-to")
_OTHERWISE_READ = frozenset(("global-auth-url",))

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, as nginx means them: read and send are idle times between two operations (semantics.md B.12)."""

    connect: int = 5
    read: int = 60
    send: int = 60


@dataclass(frozen=True, slots=True)
class NextUpstream:
    """When a failed request is tried on another endpoint; ``tries`` counts the first one, 0 is without limit.

    No try begins after ``window`` seconds, 0 is without limit.
    """

    conditions: tuple[str, ...] = ("error", "timeout")
    tries: int = 3
    window: int = 0


@dataclass(frozen=True, slots=True)
class Hsts:
    """``Strict-Transport-Security`` on every answer of a location over https (semantics.md B.7)."""

    enabled: bool = True
    max_age: str = "31536000"
    include_subdomains: bool = True
    preload: bool = False

    @property
    def value(self) -> str:
        """The header value, empty when HSTS is off."""
        if not self.enabled:
            return ""
        flags = ("; includeSubDomains" if self.include_subdomains else "") + ("; preload" if self.preload else "")
        return f"max-age={self.max_age}{flags}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is decided outside of Ingress objects; defaults are those of release 1.15.

    ``unsupported`` lists (key, value) pairs that change how hosts answer and are not carried over; ``assumed`` lists
    what was not in the input and was taken as its default; ``ignored`` lists (key, value) pairs that nginx itself
    could not use, ``unknown`` those that it does not know, ``given_up`` keys whose effect is given up, each with what
    becomes of it, and ``firewall`` keys by which a web application firewall looks at requests. ``blocked_clients`` are
    networks that locations without lists of their own refuse, for nginx inherits lists only as a whole;
    ``blocked_agents`` and ``blocked_referers`` are texts, or regular expressions behind ``~``.
    """

    controller_class: str = "k8s.io/ingress-nginx"
    ingress_class: str = "nginx"
    class_by_name: bool = False
    watch_without_class: bool = False
    watch_namespace: str = ""
    disable_catch_all: bool = False
    disable_external_names: bool = False
    deep_inspect: bool = True
    annotation_validation: bool = True
    annotations_prefix: str = "nginx.ingress.kubernetes.io"
    default_backend: tuple[str, str] | None = None
    default_certificate: tuple[str, str] | None = None
    ssl_passthrough: bool = False
    tcp_services: tuple[str, str] | None = None
    udp_services: tuple[str, str] | None = None
    health_path: str = "/healthz"
    risk_level: Risk = Risk.HIGH
    allow_snippets: bool = False
    allow_cross_namespace: bool = False
    word_blocklist: tuple[str, ...] = ()
    ssl_redirect: bool = True
    force_ssl_redirect: bool = False
    preserve_trailing_slash: bool = False
    http_redirect_code: int = 308
    relative_redirects: bool = False
    port_in_redirects: bool = False
    no_redirect_paths: tuple[str, ...] = ("/.well-known/acme-challenge",)
    hsts: Hsts = field(default_factory=Hsts)
    timeouts: Timeouts = field(default_factory=Timeouts)
    next_upstream: NextUpstream = field(default_factory=NextUpstream)
    retry_non_idempotent: bool = False
    load_balance: str = ""
    allowlist: tuple[str, ...] = ()
    denylist: tuple[str, ...] = ()
    blocked_clients: tuple[str, ...] = ()
    blocked_agents: tuple[str, ...] = ()
    blocked_referers: tuple[str, ...] = ()
    no_auth_paths: tuple[str, ...] = ("/.well-known/acme-challenge",)
    forwarded_headers: bool = False
    real_ip: bool = False
    proxy_protocol: bool = False
    forwarded_for_header: str = "x-forwarded-for"
    trusted_proxies: tuple[str, ...] = ("0.0.0.0/0",)
    full_forwarded_for: bool = False
    global_auth: Question | None = None
    error_codes: tuple[int, ...] = ()
    intercepts_errors: bool = True
    body_size: str = "1m"
    limit_status: int = 503
    limit_key: str = "$binary_remote_addr"
    allowed_response_headers: tuple[str, ...] = ()
    http_block: Block = NOTHING
    server_block: Block = NOTHING
    location_block: Block = NOTHING
    tls: TlsSettings = field(default_factory=TlsSettings)
    compressions: tuple[Compression, ...] = ()
    underscores: bool = False
    original_uri: bool = False
    rewritten_answers: Mapping[str, str] = field(default_factory=dict)
    backend_server_header: bool = False
    unsupported: tuple[tuple[str, str], ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    given_up: tuple[tuple[str, str], ...] = ()
    firewall: tuple[str, ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    assumed: tuple[str, ...] = ()


def read_settings(
    arguments: Iterable[str] | None,
    configmap: Mapping[str, str] | None,
    version: tuple[int, int] | None,
    named: Mapping[tuple[str, str], Mapping[str, str]] | None = None,
) -> Settings:
    """Return the settings of one controller.

    ``arguments`` are its command-line arguments, ``configmap`` the ``data`` of its ConfigMap, ``version`` its release
    (major, minor); each may be None when it is not known: then defaults hold and ``assumed`` says so. ``named`` is the
    data of further ConfigMaps by namespace and name, of which that of the controller may name some.
    """
    assumed = [
        key
        for key, value in (("arguments", arguments), ("configmap", configmap), ("version", version))
        if value is None
    ]
    hardened = version is None or version >= _HARDENED_SINCE
    return Settings(
        **_from_arguments(parse_flags(arguments or ()), hardened),
        **_ConfigMapReader(configmap or {}, named or {}).read(hardened, version),
        assumed=tuple(assumed),
    )


def controller_version(image: str) -> tuple[int, int] | None:
    """Return (major, minor) from an image reference such as ``…/controller:v1.15.1@sha256:…``, None if it has none."""
    found = re.search(r":v?(\d{1,4})\.(\d{1,4})\.\d+[^/]*$", image.partition("@")[0])
    return (int(found[1]), int(found[2])) if found else None


def _from_arguments(flags: Mapping[str, str], hardened: bool) -> dict[str, Any]:
    def switch(name: str, default: bool) -> bool:
        value = parse_bool(flags[name]) if name in flags else None
        return default if value is None else value

    return {
        "controller_class": flags.get("controller-class", "k8s.io/ingress-nginx"),
        "ingress_class": flags.get("ingress-class", "nginx"),
        "class_by_name": switch("ingress-class-by-name", False),
        "watch_without_class": switch("watch-ingress-without-class", False),
        "watch_namespace": flags.get("watch-namespace", ""),
        "disable_catch_all": switch("disable-catch-all", False),
        "disable_external_names": switch("disable-svc-external-name", False),
        "deep_inspect": switch("deep-inspect", True),
        "annotation_validation": switch("enable-annotation-validation", hardened),
        "annotations_prefix": flags.get("annotations-prefix", "nginx.ingress.kubernetes.io"),
        "default_backend": _reference(flags.get("default-backend-service", "")),
        "default_certificate": _reference(flags.get("default-ssl-certificate", "")),
        "tcp_services": _reference(flags.get("tcp-services-configmap", "")),
        "udp_services": _reference(flags.get("udp-services-configmap", "")),
        "ssl_passthrough": switch("enable-ssl-passthrough", False),
        "health_path": flags.get("health-check-path", "/healthz"),
    }


def _reference(text: str) -> tuple[str, str] | None:
    namespace, slash, name = text.partition("/")
    return (namespace, name) if slash and namespace and name else None


_WEAK_INTEGER = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))", re.ASCII)
_WEAK_BASES = (16, 2, 8, 10)


def _weak_int(text: str) -> int | None:
    """Return the value of Go's ``strconv.ParseInt`` with base 0, None where that is an error; empty text is 0."""
    found = _WEAK_INTEGER.fullmatch(text or "0")
    if found is None or len(text) > 70:  # noqa: PLR2004 - longer than any 64-bit integer
        return None
    sign, *forms = found.groups()
    value = next(int(f"{sign}{digits}", base) for digits, base in zip(forms, _WEAK_BASES, strict=True) if digits)
    return value if value in range(-(2**63), 2**63) else None


class _ConfigMapReader:
    """Reads ConfigMap keys one by one and remembers which were asked for, unusable, or not carried over.

    Numbers and booleans are read as github.com/mitchellh/mapstructure does when it is told to be lenient: empty text
    is 0 and false.
    """

    def __init__(self, data: Mapping[str, str], named: Mapping[tuple[str, str], Mapping[str, str]]) -> None:
        self._data = data
        self._named = named
        self._seen: set[str] = set()
        self._ignored: list[tuple[str, str]] = []

    def read(self, hardened: bool, version: tuple[int, int] | None) -> dict[str, Any]:
        """Return the constructor arguments of :class:`Settings` that come from the ConfigMap."""
        values: dict[str, Any] = {
            "risk_level": self._risk(Risk.HIGH if hardened else Risk.CRITICAL),
            "allow_snippets": self._bool("allow-snippet-annotations", False),
            "allow_cross_namespace": self._bool("allow-cross-namespace-resources", not hardened),
            "word_blocklist": self._words("annotation-value-word-blocklist"),
            "ssl_redirect": self._bool("ssl-redirect", True),
            "force_ssl_redirect": self._bool("force-ssl-redirect", False),
            "preserve_trailing_slash": self._bool("preserve-trailing-slash", False),
            "http_redirect_code": self._redirect_code(),
            "relative_redirects": self._bool("relative-redirects", False),
            "port_in_redirects": self._bool("use-port-in-redirects", False),
            "no_redirect_paths": self._path_list("no-tls-redirect-locations", "/.well-known/acme-challenge"),
            "hsts": Hsts(
                self._bool("hsts", True),
                self._text("hsts-max-age", "31536000"),
                self._bool("hsts-include-subdomains", True),
                self._bool("hsts-preload", False),
            ),
            "timeouts": Timeouts(
                self._int("proxy-connect-timeout", 5),
                self._int("proxy-read-timeout", 60),
                self._int("proxy-send-timeout", 60),
            ),
            "next_upstream": NextUpstream(
                tuple(self._text("proxy-next-upstream", "error timeout").split()),
                self._int("proxy-next-upstream-tries", 3),
                self._int("proxy-next-upstream-timeout", 0),
            ),
            "load_balance": self._text("load-balance", ""),
            "retry_non_idempotent": self._bool("retry-non-idempotent", False),
            "allowlist": self._networks("whitelist-source-range"),
            "denylist": self._networks("denylist-source-range"),
            "blocked_clients": self._networks("block-cidrs"),
            "blocked_agents": self._path_list("block-user-agents", ""),
            "blocked_referers": self._path_list("block-referers", ""),
            "no_auth_paths": self._path_list("no-auth-locations", "/.well-known/acme-challenge"),
            "forwarded_headers": self._bool("use-forwarded-headers", False),
            "real_ip": self._bool("enable-real-ip", False),
            "proxy_protocol": self._bool("use-proxy-protocol", False),
            "forwarded_for_header": self._text("forwarded-for-header", "X-Forwarded-For").lower(),
            "trusted_proxies": self._networks("proxy-real-ip-cidr") or ("0.0.0.0/0",),
            "full_forwarded_for": self._bool("compute-full-forwarded-for", False),
            "global_auth": read_global_auth(self._text, self._bool),
            "error_codes": self._error_codes(),
            "intercepts_errors": not self._bool("disable-proxy-intercept-errors", False),
            "body_size": self._size("proxy-body-size", "1m"),
            "limit_status": self._limit_status(),
            "limit_key": self._text("limit-conn-zone-variable", "$binary_remote_addr").strip(),
            "allowed_response_headers": self._path_list("global-allowed-response-headers", ""),
            "tls": self._tls(),
            "compressions": read_compressions(self._text, self._bool, self._int),
            "underscores": self._bool("enable-underscores-in-headers", False),
            "original_uri": self._bool("proxy-add-original-uri-header", False),
            "rewritten_answers": self._rewritten_answers(),
            "backend_server_header": self._backend_server_header(),
            "firewall": tuple(key for key, off in FIREWALL.items() if not self._is_off(key, off)),
        }
        values |= self._blocks()
        values["unknown"] = self._unknown(version)
        values["given_up"] = self._given_up()
        values["unsupported"] = self._unsupported()
        if values["global_auth"] is None and self._data.get("global-auth-url"):
            # Whoever wrote it believes that every host is protected.
            values["unsupported"] += (("global-auth-url", self._data["global-auth-url"]),)
        values["ignored"] = tuple(self._ignored)
        return values

    def _blocks(self) -> dict[str, Block]:
        """Return the directives that the administrator wrote; one text that is not understood counts as not carried."""
        blocks: dict[str, Block] = {}
        for level in (Level.HTTP, Level.SERVER, Level.LOCATION):
            key = f"{level.value}-snippet"
            block = read_snippet(self._data.get(key, ""), level)
            if not block.obstacles:
                self._seen.add(key)
                blocks[f"{level.value}_block"] = block
        if is_neutral(self._data.get("main-snippet", "")):
            self._seen.add("main-snippet")
        if not self._data.get("stream-snippet", "").strip():
            self._seen.add("stream-snippet")
        # The controller writes these before what the administrator wrote.
        before = (
            ("add-headers", "http_block", added_headers(self._of_configmap("add-headers"))),
            ("hide-headers", "http_block", hidden_headers(self._data.get("hide-headers", ""))),
            ("proxy-set-headers", "location_block", sent_headers(self._of_configmap("proxy-set-headers"))),
        )
        for key, field_name, written in before:
            if not written.obstacles:
                self._seen.add(key)
                blocks[field_name] = beside(written, blocks.get(field_name, NOTHING))
        return blocks

    def _of_configmap(self, key: str) -> Mapping[str, str]:
        """Return the data of the ConfigMap that ``key`` names; nginx goes on without one that is not there."""
        text = self._data.get(key, "")
        namespace, __, name = text.partition("/")
        found = self._named.get((namespace, name))
        if text and found is None:
            self._ignored.append((key, text))
        return found or {}

    def _tls(self) -> TlsSettings:
        """Return versions and ciphers; a list of versions that cannot be carried over stays unread, and so is said."""
        versions = read_versions(self._data.get("ssl-protocols", "TLSv1.2 TLSv1.3"))
        if versions:
            self._seen.add("ssl-protocols")
        oldest, newest = versions or ("TLSv1.2", "TLSv1.3")
        text = self._text("ssl-ciphers", "").strip()
        ciphers = read_ciphers(text)
        rejects = self._bool("ssl-reject-handshake", False)
        if ciphers is None:
            return TlsSettings(oldest, newest, unreadable=text, rejects_strangers=rejects)
        return TlsSettings(oldest, newest, *ciphers, rejects_strangers=rejects)

    def _rewritten_answers(self) -> dict[str, str]:
        pairs = ((key, self._text(key, "off").strip()) for key in _OF_ANSWERS)
        return {key: text for key, text in pairs if text not in ("off", "")}

    def _is_off(self, key: str, off: str) -> bool:
        return self._text(key, off).strip().lower() in (off, "")

    def _backend_server_header(self) -> bool:
        # Without server_tokens the header is cleared from every answer, whosever it is.
        allowed = self._bool("allow-backend-server-header", False)
        return allowed and parse_bool(self._data.get("server-tokens", "")) is True

    def _text(self, key: str, default: str) -> str:
        self._seen.add(key)
        return self._data.get(key, default)

    def _bool(self, key: str, default: bool) -> bool:
        text = self._text(key, str(default))
        value = parse_bool(text) if text else False
        return self._ignore(key, default) if value is None else value

    def _int(self, key: str, default: int) -> int:
        value = _weak_int(self._text(key, str(default)))
        return self._ignore(key, default) if value is None else value

    def _ignore(self, key: str, default: _Value) -> _Value:
        self._ignored.append((key, self._data.get(key, "")))
        return default

    def _risk(self, default: Risk) -> Risk:
        text = self._text("annotations-risk-level", "")
        return _RISKS.get(text.lower(), Risk.LOW) if text else default

    def _redirect_code(self) -> int:
        code = parse_int(self._text("http-redirect-code", "308"))
        if code is None or code not in _REDIRECT_CODES:
            return self._ignore("http-redirect-code", 308)
        return code

    def _words(self, key: str) -> tuple[str, ...]:
        # Words keep their spaces, and an empty one between two commas stands in every value.
        text = self._text(key, "").strip()
        return tuple(text.split(",")) if text else ()

    def _size(self, key: str, default: str) -> str:
        text = self._text(key, default)
        return text if size(text) and text else self._ignore(key, default)

    def _limit_status(self) -> int:
        key, default = "limit-req-status-code", 503
        code = parse_int(self._data.get(key, str(default)))
        if code in _ERRORS and code not in _LIMIT_STATUSES:
            return default  # Envoy has no name for it: the key stays unread, and so is reported
        self._seen.add(key)
        return self._ignore(key, default) if code is None or code not in _LIMIT_STATUSES else code

    def _path_list(self, key: str, default: str) -> tuple[str, ...]:
        return tuple(path.strip() for path in self._text(key, default).split(",") if path.strip())

    def _error_codes(self) -> tuple[int, ...]:
        # What is no number is left out, and what is no redirect or error.
        found = (parse_int(item.strip()) for item in self._text("custom-http-errors", "").split(","))
        return tuple(sorted({code for code in found if code is not None and code in range(300, 600)}))

    def _networks(self, key: str) -> tuple[str, ...]:
        text = self._text(key, "")
        networks = parse_networks(text) if text else ()
        return self._ignore(key, ()) if networks is None else networks

    def _unsupported(self) -> tuple[tuple[str, str], ...]:
        """Return what is set to something else than its default and neither carried over nor neutral."""
        return tuple(
            (key, value)
            for key, value in sorted(self._data.items())
            if key not in self._seen and key not in NEUTRAL and value.strip() != NOT_CARRIED.get(key)
        )

    def _unknown(self, version: tuple[int, int] | None) -> tuple[tuple[str, str], ...]:
        """Return the keys that nginx passes over; a release that nobody here knows may have further ones."""
        known = self._seen | NEUTRAL | NOT_CARRIED.keys() | GIVEN_UP.keys() | _OTHERWISE_READ
        if version is None or version > _NEWEST_KNOWN:
            return ()
        unknown = tuple(pair for pair in sorted(self._data.items()) if pair[0] not in known)
        self._seen |= {key for key, __ in unknown}
        return unknown

    def _given_up(self) -> tuple[tuple[str, str], ...]:
        self._seen |= GIVEN_UP.keys()
        return tuple(
            (key, effect)
            for key, (default, effect) in sorted(GIVEN_UP.items())
            if self._data.get(key, default).strip().lower() not in (default, "")
        )
