# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether both witnesses say the same of a request, or differ as predicted (design.md, Two witnesses). PRIVATE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._http.exchange import Answer
from .differences import Difference

HEADER = "header:"
REQUEST_HEADER = "request_header:"


def disagreements(nginx: Answer, istio: Answer, predicted: Iterable[Difference]) -> list[str]:
    """Return a sentence for each difference that is not predicted, and for each predicted one that does not occur."""
    expected, found = fields_of(nginx), fields_of(istio)
    for item in predicted:
        expected[item.field] = item.value
    return [
        f"{name}: expected {expected.get(name, '')!r}, the gateway has {found.get(name, '')!r}"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name, "") != found.get(name, "")
    ]


def fields_of(answer: Answer) -> dict[str, str]:
    """Return what is compared of an answer, by name; certificates are the business of the layout."""
    return {name: text for name, text in _pairs(answer) if text}


def _pairs(answer: Answer) -> Iterator[tuple[str, str]]:
    yield "status", str(answer.status)
    yield "backend", answer.backend
    yield "upstream_target", answer.upstream_target
    yield "upstream_host", answer.upstream_host
    yield "location", answer.location
    yield "shares", " ".join(f"{name}={share:.4f}" for name, share in answer.shares)
    yield "guards", " then ".join(f"{item.kind} {item.decides} {item.refusal}" for item in answer.guards)
    yield "limits", " then ".join(answer.limits)
    yield "mirrors", " ".join(answer.mirrors)
    yield "session", answer.session
    yield "error_pages", answer.error_pages
    yield from ((HEADER + name, value) for name, value in answer.headers.items())
    yield from ((REQUEST_HEADER + name, value or "(removed)") for name, value in answer.request_headers.items())
