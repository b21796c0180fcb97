# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that nginx rewrites before it asks the backend (semantics.md B.3). PRIVATE to the collection.

nginx replaces the whole path by the expanded target, whatever followed the match. Envoy replaces what a regular
expression matches, so the expression here matches everything.
"""

from __future__ import annotations

import re

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.regex import count_groups, has_alternatives, translate
from .context import Context
from .draft import Draft

_REFERENCE = re.compile(r"\$(\d)")
_TARGET = re.compile(r"/(?:[!-~]|\$\d)*")


def rewrite(draft: Draft, _context: Context) -> list[Finding]:
    """Rewrite the path as ``rewrite-target`` says."""
    target, location = draft.location.policy.rewrite_target, draft.location
    if not target or target == location.path or "route" not in draft.main or location.ingress is None:
        return []
    reason = _obstacle(target)
    if reason:
        source = Source(location.ingress.key, annotation="rewrite-target")
        return [finding("REWRITE-NOT-CONVERTED", source, host=draft.server.host, target=repr(target), reason=reason)]
    pattern = translate(location.path)
    # Only an alternative without nginx's anchor can match later than at the start.
    start = ".*?" if has_alternatives(pattern) else ""
    draft.main["rewrite"] = {
        "uriRegexRewrite": {
            "match": f"(?is)^{start}(?:{pattern}).*$",
            "rewrite": _expansion(target, count_groups(pattern)),
        }
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
