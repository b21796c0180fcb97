# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds what a witness says of a request against what its plane answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Answer
from ansible_collections.sealos.istio_migration.plugins.module_utils._http.header_lines import ADDED, REMOVED

from golden.expectations import Seen

_PAGE = re.compile(r"(\d+) from (.+?) for .*")
# Release 1.11 leaves the port of the scheme out of the redirect to the other name.
_OWN_PORT = re.compile(r"^(http://[^/:]+):80(?=/|$)|^(https://[^/:]+):443(?=/|$)")
_OWN_NAME = re.compile(r"/s\d+-")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WORKING_AUTH = "http://auth.shop.svc"
_OVER_THE_LIMIT = (503, 429)
# Go's server answers these itself, without telling what it received.
_BAD_REQUEST = 400


def held_against(expected: Answer) -> Answer | None:
    """Return the answer that the plane must give, None where something outside of the request decides.

    Nobody knows a password, and one service of external authentication lets everybody pass.
    """
    for guard in expected.guards:
        if guard.kind == "basic":
            return Answer(int(guard.refusal), certificate=expected.certificate, phase=expected.phase)
        if guard.kind != "external" or _WORKING_AUTH not in guard.decides:
            return None
    return replace(expected, guards=())


def differences(expected: Answer, seen: Seen) -> list[str]:
    """Say what differs: a sentence for each field; none where the answer is as the witness says."""
    if expected.limits and seen.status in _OVER_THE_LIMIT:
        return []
    pairs = [*(_with_backend(expected, seen) if expected.backend else _of_the_plane(expected, seen))]
    # The common name of a certificate is the name of its Secret.
    pairs.append(("certificate", expected.certificate, seen.certificate))
    return [f"{name}: witness {wanted!r}, plane {found!r}" for name, wanted, found in pairs if wanted != found]


def _of_the_plane(expected: Answer, seen: Seen) -> Iterator[tuple[str, object, object]]:
    page = _PAGE.fullmatch(expected.error_pages)
    if page:
        # The error backend answers 200 to everything; without one nginx makes a 404 of it.
        backend = _kind(page[2]) if "/" in page[2] else ""
        yield "status", 200 if backend else 404, seen.status
        yield "backend", backend, _backend(seen)
        return
    yield "status", expected.status, seen.status
    yield "backend", "", _backend(seen)
    location = seen.headers.get("location", "")
    older = expected.phase == "server" and _OWN_PORT.sub(r"\1\2", expected.location) == location
    yield "location", location if older else expected.location, location
    yield from _headers(expected, seen)


def _with_backend(expected: Answer, seen: Seen) -> Iterator[tuple[str, object, object]]:
    if _BROKEN_ESCAPE.search(expected.upstream_target) and seen.status == _BAD_REQUEST:
        return
    backends = [_kind(name) for name, _ in expected.shares or ((expected.backend, 1.0),)]
    yield "status", 200, seen.status
    yield "backend", _backend(seen) if _backend(seen) in backends else backends[0], _backend(seen)
    yield "target", expected.upstream_target, seen.uri
    yield "host", expected.upstream_host, seen.received.get("host", "")
    yield "location", expected.location, seen.headers.get("location", "")
    yield from _headers(expected, seen)
    for name, value in sorted(expected.request_headers.items()):
        yield f"request header {name}", value, seen.received.get(name, "")


def _headers(expected: Answer, seen: Seen) -> Iterator[tuple[str, object, object]]:
    for name, value in sorted(expected.headers.items()):
        if not value.startswith(ADDED):
            yield f"header {name}", "" if value == REMOVED else value, seen.headers.get(name, "")


def _kind(backend: str) -> str:
    """Return who answers behind a Service: those of all sites lead to the same Pods."""
    return _OWN_NAME.sub("/", backend.partition(":")[0])


def _backend(seen: Seen) -> str:
    return f"{seen.namespace}/{seen.service}" if seen.service else ""
