# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx rewrites in the answers of backends: cookies and redirects (semantics.md A.4 107 to 110). PRIVATE.

Source: nginx ``ngx_http_proxy_module.c`` (``proxy_cookie_domain``, ``proxy_cookie_path``, ``proxy_redirect``) and
ingress-nginx ``nginx.tmpl``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ..directives import DirectiveError, parse_directives
from ..reader import Reader
from ..snippets.text import Text, UnknownVariableError, text_of

OFF = "off"


@dataclass(frozen=True, slots=True)
class Exchange:
    """Text that is replaced: ``old`` at the beginning of a value (of a cookie's domain: all of it), by ``new``."""

    old: str
    new: Text


@dataclass(frozen=True, slots=True)
class Unusual:
    """An annotation that asks for more than an :class:`Exchange`, and for what."""

    annotation: str
    reason: str


_Found: TypeAlias = Exchange | Unusual | None


@dataclass(frozen=True, slots=True)
class Answers:
    """What is rewritten in the answers of the backends of one Ingress, None for nothing."""

    cookie_domain: _Found = None
    cookie_path: _Found = None
    redirect: _Found = None

    @property
    def unusual(self) -> tuple[Unusual, ...]:
        """What asks for more than text in place of text."""
        found = (self.cookie_domain, self.cookie_path, self.redirect)
        return tuple(item for item in found if isinstance(item, Unusual))


NOTHING_REWRITTEN = Answers()
_NAMES = ("proxy-cookie-domain", "proxy-cookie-path", "proxy-redirect-from", "proxy-redirect-to")


def read_answers(reader: Reader) -> Answers:
    """Return what the annotations of this family say, and the ConfigMap where they are silent."""
    settings = reader.settings.rewritten_answers
    if not settings and not any(name in reader.values for name in _NAMES):
        return NOTHING_REWRITTEN
    domain, path, old, new = (reader.text(name, settings.get(name, OFF)) for name in _NAMES)
    return Answers(
        _exchange("proxy-cookie-domain", domain),
        _exchange("proxy-cookie-path", path),
        _redirect(old, new),
    )


def _redirect(old: str, new: str) -> _Found:
    if old == OFF:
        return None
    if old == "default":
        return Unusual("proxy-redirect-from", "nginx refuses default beside a backend that it looks up")
    return None if new == OFF else _exchange("proxy-redirect-from", f"{old} {new}")


def _exchange(annotation: str, text: str) -> _Found:
    if text in (OFF, ""):
        return None
    try:
        (directive,) = parse_directives(f"{annotation} {text};")
        old, new = directive.arguments
        found = Exchange(old, text_of(new, {}))
    except UnknownVariableError as error:
        return Unusual(annotation, str(error))
    except (DirectiveError, ValueError):
        return Unusual(annotation, "it is not one text in place of another")
    if old.startswith("~") or "$" in old or not all(" " <= sign <= "~" for sign in text):
        return Unusual(annotation, "it asks for a regular expression, a variable or other than ASCII characters")
    return Exchange(old.removeprefix("."), found.new) if annotation == "proxy-cookie-domain" else found
