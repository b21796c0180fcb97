# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an older gateway does not have (semantics.md C.8, C.12). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.releases import NEWEST_NEEDED
from .._nginx.site import Server
from .context import Context
from .draft import Draft

_COOKIE_ATTRIBUTES = (1, 28)
_EXEMPTIONS = (1, 30)


def too_new(server: Server, drafts: Sequence[Draft], context: Context) -> Iterator[Finding]:
    """Yield what the Istio that is there does not have and the routes of a host need."""
    release = context.options.istio_release
    if release is None or release >= NEWEST_NEEDED:
        return
    for draft in drafts:
        for what, needed in _needs(draft, context):
            if release < needed:
                values = {"what": what, "needed": _text(needed), "release": _text(release)}
                yield finding("ISTIO-TOO-OLD", Source(draft.owner), host=server.host, **values)


def _needs(draft: Draft, context: Context) -> Iterator[tuple[str, tuple[int, int]]]:
    if any(rate.exempt for rate in draft.rates):
        yield "a rate that exempts addresses", _EXEMPTIONS
    policies = (context.subsets[service][name] for service, names in draft.subsets.items() for name in names)
    if any(_sets_attributes(policy) for policy in policies):
        yield "a cookie with attributes (Domain, SameSite or Secure)", _COOKIE_ATTRIBUTES


def _sets_attributes(subset: Mapping[str, Any]) -> bool:
    settings = subset["trafficPolicy"].get("portLevelSettings", ())
    return any("attributes" in _cookie(item) for item in settings)


def _cookie(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = settings.get("loadBalancer", {}).get("consistentHash", {}).get("httpCookie", {})
    return found


def _text(release: tuple[int, int]) -> str:
    return ".".join(map(str, release))
