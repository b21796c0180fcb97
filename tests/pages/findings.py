# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/findings.md, from the table of finding codes."""

from __future__ import annotations

from ansible_collections.sealos.istio_migration.plugins.module_utils._findings.codes import CODES
from ansible_collections.sealos.istio_migration.plugins.module_utils._findings.finding import Level

_LEVELS = {
    Level.NOTE: "Something to know. The host moves.",
    Level.APPROXIMATE: "The host moves. The gateway answers some requests differently, in the way that is said.",
    Level.CONSENT: "The host stays on nginx until `convert_accept` names the code, for it would lose protection.",
    Level.BLOCKED: "The host stays on nginx.",
}


def findings_page() -> str:
    """Return the page: the levels, then every code."""
    lines = [
        "# Findings",
        "",
        "What a plan says about hosts, Ingresses and the controller. Codes are stable: they stand in plans, reports,",
        "tickets and `convert_accept`.",
        "",
        "| level | what follows |",
        "|---|---|",
        *(f"| {level.name.lower()} | {text} |" for level, text in _LEVELS.items()),
        "",
        "| code | level |",
        "|---|---|",
        *(f"| [{code.name}](#{code.name.lower()}) | {code.level.name.lower()} |" for code in CODES.values()),
        "",
    ]
    for code in CODES.values():
        level = code.level.name.lower()
        lines += [f"## {code.name}", "", f"*{level}.* {code.meaning}", "", f"What to do: {code.remedy}", ""]
    return "\n".join(lines)
