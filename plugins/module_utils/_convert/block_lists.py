# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that the whole controller refuses by what they send (semantics.md B.20). PRIVATE to the collection.

nginx answers them 403 before anything else, so the gateway does it with the first routes of every host.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.regex import LIMIT, UnsupportedPatternError, literal, translate
from .._kube.objects import ObjectKey
from .._nginx.block_lists import BlockedText, block_list
from .._nginx.site import Server
from .context import Context
from .draft import Draft, Match, Step, Variant
from .generated import generated_answer

_CONFIGMAP = ObjectKey("ConfigMap", "", "")
_AROUND = len("(?i).*(?:).*")


def block_lists(server: Server, drafts: Sequence[Draft], context: Context) -> list[Finding]:
    """Put the refusals of a host before all of its routes."""
    settings = context.site.settings
    lists = (
        ("block-referers", "referer", settings.blocked_referers),
        ("block-user-agents", "user-agent", settings.blocked_agents),
    )
    found: list[Finding] = []
    for key, header, entries in lists:
        if not entries or not drafts:
            continue
        conditions: list[Match] = []
        for item in block_list(entries):
            try:
                conditions.append(_condition(item, header))
            except UnsupportedPatternError as error:
                values = {"entry": repr(item.entry), "key": key, "reason": str(error)}
                found.append(
                    finding(
                        "BLOCK-LIST-NOT-CONVERTED", Source(_CONFIGMAP, field=f"data.{key}"), host=server.host, **values
                    )
                )
        matches = tuple({"uri": {"prefix": "/"}, **drafts[0].guard, **condition} for condition in conditions)
        if matches:
            drafts[0].steps.insert(0, Step(Variant(f"/blocked-{header}"), generated_answer(403), matches))
    return found


def _condition(item: BlockedText, header: str) -> Match:
    flags = "(?i)" if item.ignore_case else ""
    if not (item.is_pattern or item.text):
        raise UnsupportedPatternError("the absence of a header")
    if item.is_pattern:
        pattern = translate(item.text)
        whole = f"{flags}.*(?:{pattern}).*"
    else:
        whole = flags + literal(item.text)
    if len(whole) > LIMIT:
        raise UnsupportedPatternError(f"more than {LIMIT - _AROUND} characters")
    return {"headers": {header: {"regex": whole}}}
