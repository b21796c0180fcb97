# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file says whose it is and under which licence, in the way of reuse.software."""

from __future__ import annotations

from collections.abc import Iterable

from lint.files import Text

REQUIRED = ("SPDX-FileCopyrightText: The sealos.istio_migration authors", "SPDX-License-Identifier: GPL-3.0-or-later")
_LINES_LOOKED_AT = 6
# Each with the reason why it has no header.
_EXEMPT_ENDINGS = {
    ".json": "the format has no comments",
    ".jsonl": "the format has no comments",
    ".md": "prose, covered by LICENSE",
    "go.sum": "the format has no comments",
    "LICENSE": "the licence itself",
    "changelogs/changelog.yaml": "rewritten by antsibull-changelog at each release",
}


def missing_headers(texts: Iterable[Text]) -> list[str]:
    """Return one message for each file without the two SPDX lines near its top; empty files need none."""
    messages: list[str] = []
    for text in texts:
        if not text.content or text.path.endswith(tuple(_EXEMPT_ENDINGS)):
            continue
        head = "\n".join(text.content.splitlines()[:_LINES_LOOKED_AT])
        messages += [f"{text.path}:1: no line `{line}` at the top" for line in REQUIRED if line not in head]
    return messages
