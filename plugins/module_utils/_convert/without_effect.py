# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations that need nothing on a gateway, and those whose effect is given up (semantics.md A, A.5). PRIVATE.

What is given up here is performance or cosmetics; what protects is never among it.
"""

from __future__ import annotations

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .context import Context
from .draft import Draft

NOT_NEEDED: tuple[str, ...] = (
    "client-body-buffer-size",
    "enable-rewrite-log",
    "http2-push-preload",
    "proxy-buffer-size",
    "proxy-buffering",
    "proxy-buffers-number",
    "proxy-busy-buffers-size",
    "proxy-max-temp-file-size",
    "ssl-prefer-server-ciphers",
)
"""Annotations that tune nginx itself, or say what a gateway does anyway."""

GIVEN_UP: dict[str, str] = {
    "enable-access-log": "the access log of the gateway is switched for all hosts at once",
    "enable-opentelemetry": "tracing is switched for the whole gateway",
    "limit-rate": "responses are not throttled",
    "limit-rate-after": "responses have no free first part, for they are not throttled",
    "modsecurity-transaction-id": "there is no transaction of a web application firewall",
    "opentelemetry-operation-name": "spans bear the names that Envoy gives them",
    "opentelemetry-trust-incoming-span": "whether traces of clients are trusted is decided for the whole gateway",
    "proxy-request-buffering": "request bodies are passed on while they arrive",
}
"""What becomes of the annotations whose effect is given up."""

FIREWALL = ("enable-modsecurity", "enable-owasp-core-rules", "modsecurity-snippet")
_OFF = frozenset(("false", "0", "f", "F", "FALSE", "False"))


def no_effect(_draft: Draft, _context: Context) -> list[Finding]:
    """Do nothing: nothing is needed."""
    return []


def given_up(draft: Draft, _context: Context) -> list[Finding]:
    """Say what becomes of the annotations whose effect is given up."""
    ingress = draft.location.ingress
    if ingress is None:
        return []
    return [
        finding("EFFECT-GIVEN-UP", Source(ingress.key, annotation=name), host=draft.server.host, effect=GIVEN_UP[name])
        for name in sorted(draft.location.policy.present & GIVEN_UP.keys())
    ]


def firewall(draft: Draft, _context: Context) -> list[Finding]:
    """Ask for consent where a web application firewall looks at requests."""
    ingress = draft.location.ingress
    named = draft.location.policy.present
    if ingress is None or named.isdisjoint(FIREWALL):
        return []
    return [
        finding(
            "FIREWALL-LOST", Source(ingress.key, annotation=name), host=draft.server.host, setting=f"annotation {name}"
        )
        for name in FIREWALL
        if name in named and ingress.named.get(name, "") not in _OFF
    ]
