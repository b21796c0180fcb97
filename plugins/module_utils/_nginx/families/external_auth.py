# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""External authentication (semantics.md A.3 65 to 80, B.13). PRIVATE.

Source: ingress-nginx ``internal/ingress/annotations/authreq`` and ``authreqglobal``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..external_auth import Question, address_of, are_durations, header_names, is_header_name, signin_url
from ..reader import Reader
from ..references import split_reference
from ..snippets.blocks import NOTHING
from ..snippets.reading import Level, read_snippet
from ..snippets.text import Text

# nginx ignores the whole group for a bad value of one of these: its paths are open.
_VOIDING = ("auth-cache-duration", "auth-request-redirect", "auth-always-set-cookie")


@dataclass(frozen=True, slots=True)
class ExternalAuth:
    """What is asked before a request of one Ingress passes, None for nothing.

    ``void`` names the annotation for whose value nginx ignores ``auth-url``; ``any_suffices`` tells that passing
    another check is enough.
    """

    question: Question | None = None
    void: str = ""
    any_suffices: bool = False


_NONE = ExternalAuth()


def read_external_auth(reader: Reader) -> ExternalAuth:
    """Return what the annotations of this family say, and what the ConfigMap says where they are silent."""
    url = reader.values.get("auth-url", "")
    if not url:
        return _everywhere(reader)
    named = reader.named
    void = next((name for name in _VOIDING if name in reader.invalid and named[name]), "")
    if void:
        # Protected all the same where the ConfigMap asks for every Ingress.
        fallback = _everywhere(reader)
        return ExternalAuth(fallback.question, void, fallback.any_suffices)
    if address_of(url) is None:
        reader.deny("auth-url")
    if not are_durations(reader.text("auth-cache-duration", "")):
        reader.deny("auth-cache-duration")
    signin = reader.text("auth-signin", "")
    sent, written = _headers(reader), auth_headers(_snippet(reader)) or ()
    return ExternalAuth(
        Question(
            url,
            reader.text("auth-method", ""),
            signin_url(signin, reader.text("auth-signin-redirect-param", "")) if signin else "",
            reader.text("auth-request-redirect", ""),
            _copied(reader),
            (*sent, *written),
            "auth-cache-key" in reader.values,
            reader.boolean("auth-always-set-cookie", False),
            snippet=bool({name.lower() for name, __ in sent} & {name for name, __ in written}),
        ),
        any_suffices=reader.text("satisfy", "") == "any",
    )


def _everywhere(reader: Reader) -> ExternalAuth:
    question = reader.settings.global_auth
    # Locations that nginx adds for nobody ask nobody.
    if question is None or not reader.namespace or not reader.boolean("enable-global-auth", True):
        return _NONE
    return ExternalAuth(question, any_suffices=reader.text("satisfy", "") == "any")


def _snippet(reader: Reader) -> str:
    return reader.text("auth-snippet", "") if reader.settings.allow_snippets else ""


def auth_headers(snippet: str) -> tuple[tuple[str, str], ...] | None:
    """Return the headers of the question that ``auth-snippet`` adds, None where it asks for anything else.

    Its directives stand in the location of the question. ``add_header`` has no effect there, for nginx adds headers to
    answers to clients only.
    """
    block = read_snippet(snippet, Level.LOCATION)
    late = all(item.late and item.text for item in block.requested)
    names = [item.name for item in block.requested]
    once = len(set(names)) == len(names) and _SENT_ANYWAY.isdisjoint(names)
    if not (late and once) or replace(block, requested=(), additions=()) != NOTHING:
        return None
    return tuple((item.name, _written(item.text)) for item in block.requested)


_SENT_ANYWAY = frozenset(
    ("x-auth-request-redirect", "x-original-method", "x-original-uri", "x-original-url", "x-sent-from")
)


def _written(text: Text) -> str:
    return "".join(f"${{{part[1:]}}}" if part[0] == "$" else part[1:] for part in text)


def _copied(reader: Reader) -> tuple[str, ...]:
    names = header_names(reader.text("auth-response-headers", ""))
    if names is None:
        reader.deny("auth-response-headers")
    return names or ()


def _headers(reader: Reader) -> tuple[tuple[str, str], ...]:
    text = reader.text("auth-proxy-set-headers", "")
    if not text:
        return ()
    place = split_reference(text, reader.namespace)
    foreign = place is not None and place[0] != reader.namespace
    data = reader.references.configmaps.get(place) if place else None
    if data is None or (foreign and not reader.settings.allow_cross_namespace) or not all(map(is_header_name, data)):
        reader.deny("auth-proxy-set-headers")
        return ()
    return tuple(sorted(data.items()))
