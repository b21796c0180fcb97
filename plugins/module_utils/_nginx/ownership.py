# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Ingresses this controller serves (semantics.md 0.2). PRIVATE to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .._kube.objects import KubeObject, text_at
from .catalogue import ALIASES, ANNOTATIONS
from .ingress import Ingress
from .settings import Settings

# The deny list of ingress-nginx internal/ingress/inspector/rules.go: directives with an end, and words.
_DIRECTIVES = ("alias", "root")
_WORDS = re.compile(r"/etc/(?:passwd|shadow|group|nginx|ingress-controller)|/var/run/secrets|_by_lua")


class IngressClasses:
    """The IngressClasses of a cluster, as one controller sees them."""

    def __init__(self, classes: Iterable[KubeObject], settings: Settings) -> None:
        self._settings = settings
        self._owned = {
            text_at(item, "metadata", "name")
            for item in classes
            if text_at(item, "spec", "controller") == settings.controller_class
            or (settings.class_by_name and text_at(item, "metadata", "name") == settings.ingress_class)
        }

    def refusal(self, ingress: Ingress) -> str:
        """Return why the controller does not own ``ingress``, empty when it does.

        ``spec.ingressClassName`` decides alone where it is set; else the annotation; else only a controller with
        ``--watch-ingress-without-class`` takes it.
        """
        if ingress.class_name is not None:
            return "" if ingress.class_name in self._owned else f"its class is {ingress.class_name!r}"
        if ingress.class_annotation is not None:
            wanted = self._settings.ingress_class
            return "" if ingress.class_annotation == wanted else f"its class is {ingress.class_annotation!r}"
        return "" if self._settings.watch_without_class else "it names no class"


def load_refusal(ingress: Ingress, settings: Settings) -> str:
    """Return why the controller loads nothing of an Ingress that it owns, empty when it does load it."""
    if settings.watch_namespace and ingress.namespace != settings.watch_namespace:
        return f"the controller watches only namespace {settings.watch_namespace!r}"
    if settings.disable_catch_all and (ingress.default_backend or any(not rule.host for rule in ingress.rules)):
        return "it has a default backend or a rule without a host, and --disable-catch-all is set"
    if settings.deep_inspect and any(map(_is_forbidden, _inspected(ingress))):
        return "a host, path or Secret name looks like an injection (--deep-inspect)"
    for name in sorted(ingress.named):
        entry = ANNOTATIONS.get(ALIASES.get(name, name))
        if entry is not None and entry.risk > settings.risk_level:
            level = settings.risk_level.name.capitalize()
            return f"annotation {name} is of risk {entry.risk.name.capitalize()}, and annotations-risk-level is {level}"
    for word in settings.word_blocklist:
        for name, value in sorted(ingress.named.items()):
            if word in value:
                return f"annotation {name} holds {word!r}, which annotation-value-word-blocklist forbids"
    return ""


def _is_forbidden(text: str) -> bool:
    # Tenants write the text, up to a megabyte of it: no pattern with a loop inside is searched in it.
    for directive in _DIRECTIVES:
        start = text.find(directive)
        if start >= 0 and text.find(";", start) >= 0:
            return True
    return _WORDS.search(text) is not None


def _inspected(ingress: Ingress) -> Iterator[str]:
    for rule in ingress.rules:
        yield rule.host
        yield from (path.path for path in rule.paths or ())
    for entry in ingress.tls:
        yield entry.secret
        yield from entry.hosts
