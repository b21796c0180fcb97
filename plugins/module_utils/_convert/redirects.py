# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redirects that nginx makes by itself: the missing slash, and http to https (semantics.md B.2, B.6). PRIVATE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.resources import HTTP_PORT
from .._nginx.ingress import EXACT
from .._nginx.phases.rewrite import redirects_to_https
from .context import Context
from .differences import Difference, Situation
from .draft import Draft, Step, Variant


def add_slash(draft: Draft, _context: Context) -> list[Finding]:
    """Answer ``/p`` with 301 to ``/p/`` where only the location ``/p/`` exists. nginx does so before all else."""
    path = draft.location.path
    bare = path[:-1]
    if draft.server.regex or not bare or not path.endswith("/") or draft.location.type == EXACT:
        return []
    if not any(item.type == EXACT and item.path == bare for item in draft.server.locations):
        match = {"uri": {"exact": bare}, **draft.guard}
        action = {"redirect": {"uri": path, "redirectCode": 301}}
        draft.steps.append(Step(Variant("/slash"), action, (match,)))
    return []


def to_https(draft: Draft, context: Context) -> list[Finding]:
    """Redirect http requests of the location to https."""
    if not redirects_to_https(context.site, draft.server, draft.location):
        return []
    draft.redirect_to_https(https_redirect(context), HTTP_PORT)
    if draft.location.policy.preserve_trailing_slash or draft.location.ingress is None:
        return []
    return [finding("REDIRECT-KEEPS-SLASH", Source(draft.location.ingress.key), host=draft.server.host)]


def keeps_slash(situation: Situation) -> Iterator[Difference]:
    """Predict the slash at the end of a redirect to https."""
    request, nginx = situation.request, situation.nginx
    to_https = nginx.location.startswith("https://") and request.scheme == "http" and not nginx.backend
    if to_https and request.target.endswith("/"):
        yield Difference("REDIRECT-KEEPS-SLASH", "location", nginx.location + "/")


def https_redirect(context: Context) -> dict[str, Any]:
    """Return the action of the redirect to https."""
    return {"redirect": {"scheme": "https", "redirectCode": context.site.settings.http_redirect_code}}
