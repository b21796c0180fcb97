# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the annotations of one Ingress mean: the policy of its locations. PRIVATE to the collection.

Sources: semantics.md 0.3 (parsing) and A.1 to A.4; ingress-nginx ``internal/ingress/annotations``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .catalogue import ALIASES, ANNOTATIONS, Invalid
from .ingress import Ingress
from .settings import NextUpstream, Settings, Timeouts
from .syntax import PARSERS, parse_bool, parse_int, parse_networks

_CORS_METHODS = "GET, PUT, POST, DELETE, PATCH, OPTIONS"
_CORS_HEADERS = (
    "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization"
)
_CORS_MAX_AGE = 1728000
_CORS_ORIGIN = re.compile(r"(?:[a-z]+://(?:\*\.)?[A-Za-z0-9\-.]*(?::\d+)?|null)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cors:
    """Cross-origin answers (semantics.md B.9). ``origins`` is ("*",) for any origin; empty is inert."""

    origins: tuple[str, ...]
    methods: str
    headers: str
    credentials: bool
    expose_headers: str
    max_age: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The effective annotations of one Ingress, defaults of the controller filled in.

    ``present`` are the canonical names that stand on the Ingress with a usable value; ``denied`` is the name of the
    annotation for which nginx answers 503 on every path, empty in the ordinary case.
    """

    present: frozenset[str]
    denied: str
    canary: bool
    use_regex: bool
    rewrite_target: str
    ssl_redirect: bool
    force_ssl_redirect: bool
    preserve_trailing_slash: bool
    cors: Cors | None
    allowlist: tuple[str, ...]
    backend_protocol: str
    timeouts: Timeouts
    next_upstream: NextUpstream


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading the annotations of an Ingress gave.

    All names are as written. ``rejected`` is the annotation that makes nginx refuse the whole Ingress; ``unknown``
    are names under the prefix that nginx does not know; ``invalid`` are those whose value nginx cannot use.
    """

    policy: Policy
    rejected: str
    unknown: tuple[str, ...]
    invalid: tuple[str, ...]


def read_policy(ingress: Ingress, settings: Settings) -> Reading:
    """Return the policy of ``ingress`` and what nginx found wrong with its annotations."""
    reader = _Reader(ingress, settings.annotation_validation)
    boolean, integer, text = reader.boolean, reader.integer, reader.text
    cors = _read_cors(reader)
    allowlist = parse_networks(text("allowlist-source-range", "")) or settings.allowlist
    policy = Policy(
        present=frozenset(reader.values),
        denied=reader.denied,
        canary=boolean("canary", False),
        use_regex=boolean("use-regex", False),
        rewrite_target=text("rewrite-target", ""),
        ssl_redirect=boolean("ssl-redirect", settings.ssl_redirect),
        force_ssl_redirect=boolean("force-ssl-redirect", settings.force_ssl_redirect),
        preserve_trailing_slash=boolean("preserve-trailing-slash", settings.preserve_trailing_slash),
        cors=cors,
        allowlist=allowlist,
        backend_protocol=text("backend-protocol", "HTTP").upper(),
        timeouts=Timeouts(
            integer("proxy-connect-timeout", settings.timeouts.connect),
            integer("proxy-read-timeout", settings.timeouts.read),
            integer("proxy-send-timeout", settings.timeouts.send),
        ),
        next_upstream=NextUpstream(
            tuple(text("proxy-next-upstream", " ".join(settings.next_upstream.conditions)).split()),
            integer("proxy-next-upstream-tries", settings.next_upstream.tries),
        ),
    )
    return Reading(policy, reader.rejected, tuple(reader.unknown), tuple(reader.invalid))


def _read_cors(reader: _Reader) -> Cors | None:
    if not reader.boolean("enable-cors", False):
        return None
    return Cors(
        origins=_origins(reader.text("cors-allow-origin", "*")),
        methods=reader.text("cors-allow-methods", _CORS_METHODS),
        headers=reader.text("cors-allow-headers", _CORS_HEADERS),
        credentials=reader.boolean("cors-allow-credentials", True),
        expose_headers=reader.text("cors-expose-headers", ""),
        max_age=reader.integer("cors-max-age", _CORS_MAX_AGE),
    )


def _origins(text: str) -> tuple[str, ...]:
    entries = [entry.strip() for entry in text.split(",")]
    if "*" in entries:
        return ("*",)
    return tuple(entry for entry in entries if _CORS_ORIGIN.fullmatch(entry))


class _Reader:
    """The usable annotations of one Ingress, and what is wrong with the others."""

    def __init__(self, ingress: Ingress, validate: bool) -> None:
        self.values: dict[str, str] = {}
        self.unknown: list[str] = []
        self.invalid: list[str] = []
        self.rejected = ""
        self.denied = ""
        for written in sorted(ingress.named):
            name = ALIASES.get(written, written)
            if name not in ANNOTATIONS:
                self.unknown.append(written)
            elif _counts(written, name, ingress.named):
                self._take(written, name, ingress.named[written], validate)

    def _take(self, written: str, name: str, value: str, validate: bool) -> None:
        entry = ANNOTATIONS[name]
        cleaned = "\n".join(line.strip() for line in value.split("\n"))
        # Without validation nginx still has to parse what is no text.
        if cleaned and (entry.valid(value) or not (validate or entry.valid in PARSERS)):
            self.values[name] = cleaned
            return
        if entry.invalid is Invalid.FORBID:
            # The whole host answers 403, paths of other Ingresses too: no other value of it is carried over either.
            self.values[name] = cleaned
            return
        # nginx does not validate an empty value, it fails to use it: that never rejects an Ingress.
        effect = entry.invalid if value or entry.invalid is not Invalid.REJECT else Invalid.IGNORE
        self.invalid.append(written)
        if effect is Invalid.REJECT:
            self.rejected = self.rejected or written
        elif effect is Invalid.DENY:
            self.denied = self.denied or written

    def boolean(self, name: str, default: bool) -> bool:
        value = parse_bool(self.values.get(name, ""))
        return default if value is None else value

    def integer(self, name: str, default: int) -> int:
        value = parse_int(self.values.get(name, ""))
        return default if value is None else value

    def text(self, name: str, default: str) -> str:
        return self.values.get(name, default)


def _counts(written: str, name: str, named: Mapping[str, str]) -> bool:
    """Tell whether nginx reads this spelling: an alias only with a value, and where the canonical one is empty."""
    if written != name:
        return bool(named[written]) and not named.get(name)
    return bool(named[written]) or not named.get(ANNOTATIONS[name].alias)
