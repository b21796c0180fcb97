# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that nginx rewrites before it asks the backend (semantics.md B.3). PRIVATE to the collection.

nginx replaces the whole path by the expanded target, whatever followed the match. Envoy replaces what a regular
expression matches, so the expression here matches everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.formatter import plain
from .._istio.lookahead import without_lookahead
from .._istio.regex import count_groups, has_alternatives, translate
from .._nginx.ingress import Ingress
from .._nginx.site import Location
from .._nginx.uri_rewrite import rewrites
from .context import Context
from .differences import Difference, Situation
from .draft import Draft

_REFERENCE = re.compile(r"\$(\d)")
_TARGET = re.compile(r"/(?:[!-~]|\$\d)*")


def rewrite(draft: Draft, _context: Context) -> list[Finding]:
    """Rewrite path and host as ``rewrite-target`` and ``upstream-vhost`` say, and tell the backend of the prefix."""
    rewriting, location = draft.location.policy.rewriting, draft.location
    if "route" not in draft.main or location.ingress is None:
        return []
    if rewriting.vhost:
        draft.main["rewrite"] = {"authority": rewriting.vhost}
    if not rewrites(location):
        return []
    return _rewrite_path(draft, location, location.ingress) + _tell_prefix(draft, location.ingress)


def _tell_prefix(draft: Draft, ingress: Ingress) -> list[Finding]:
    prefix = draft.location.policy.rewriting.prefix
    if "$" in prefix:
        source = Source(ingress.key, annotation="x-forwarded-prefix")
        reason = "uses a variable of nginx"
        return [finding("REWRITE-NOT-CONVERTED", source, host=draft.server.host, target=repr(prefix), reason=reason)]
    if prefix:
        draft.set_request_header("x-forwarded-prefix", plain(prefix))
    return []


def _rewrite_path(draft: Draft, location: Location, ingress: Ingress) -> list[Finding]:
    target = location.policy.rewrite_target
    reason = _obstacle(target)
    if reason:
        source = Source(ingress.key, annotation="rewrite-target")
        return [finding("REWRITE-NOT-CONVERTED", source, host=draft.server.host, target=repr(target), reason=reason)]
    pattern = translate(without_lookahead(location.path)[0])
    # Only an alternative without nginx's anchor can match later than at the start.
    start = ".*?" if has_alternatives(pattern) else ""
    draft.main.setdefault("rewrite", {})["uriRegexRewrite"] = {
        "match": f"(?is)^{start}(?:{pattern}).*$",
        "rewrite": _expansion(target, count_groups(pattern)),
    }
    return []


def _obstacle(target: str) -> str:
    """Return what keeps ``target`` from being converted, empty for nothing."""
    plain = _REFERENCE.sub("", target)
    if "$" in plain:
        return "uses a variable of nginx"
    if "?" in plain or "#" in plain:
        return "holds a query"
    return "" if _TARGET.fullmatch(target) else "is no absolute path"


def _expansion(target: str, groups: int) -> str:
    """Return ``target`` as Envoy's substitution; groups that the path does not have are empty for nginx."""
    escaped = target.replace("\\", "\\\\")
    return _REFERENCE.sub(lambda found: f"\\{found[1]}" if 0 < int(found[1]) <= groups else "", escaped)


def bare_question_mark(situation: Situation) -> Iterator[Difference]:
    """Predict a question mark without a query: nginx loses it where it rewrites, the gateway keeps it."""
    nginx = situation.nginx.upstream_target
    target = forwarded_target(situation)
    if target != nginx:
        yield Difference("PATH-NORMALISED", "upstream_target", target)


def forwarded_target(situation: Situation) -> str:
    """Return the request target that the gateway sends on."""
    location, target, asked = situation.location, situation.nginx.upstream_target, situation.request.target
    bare = target and location and rewrites(location) and asked.find("?") == len(asked) - 1
    return f"{target}?" if bare else target
