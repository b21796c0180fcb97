# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No file names a package registry, or a place that exists on one machine only.

A mirror, a proxy or another user must be able to use every command and every default as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lint.files import Text

# Written with escapes so that this file does not name them itself.
_REGISTRIES = (
    r"pypi\.org",
    r"pythonhosted\.org",
    r"proxy\.golang\.org",
    r"sum\.golang\.org",
    r"registry\.npmjs\.org",
    r"crates\.io",
    r"deb\.debian\.org",
    r"security\.debian\.org",
    r"repo\.maven\.apache\.org",
    r"galaxy\.ansible\.com",
)
# The bare home folder of root is left alone: container runtimes set it too.
_RULES = (
    (re.compile(rf"(?<![\w.-])(?:{'|'.join(_REGISTRIES)})"), "names a package registry"),
    (re.compile(r"(?<![\w.$})-])/(?:root|work)/[\w.-]+"), "names a folder of one machine"),
    (re.compile(r"(?<![\w.$})-])/(?:home|Users)/(?!\{|<|\$)[\w.-]+"), "names somebody's home folder"),
)
_EXEMPT_ENDINGS = ("LICENSE", "go.sum")


def named_places(texts: Iterable[Text]) -> list[str]:
    """Return one message for each line that names a registry, a machine path or a home folder."""
    messages: list[str] = []
    for text in texts:
        if text.path.endswith(_EXEMPT_ENDINGS):
            continue
        for number, line in enumerate(text.content.splitlines(), 1):
            messages += [
                f"{text.path}:{number}: {what}: {found.group(0)}"
                for rule, what in _RULES
                if (found := rule.search(line)) is not None
            ]
    return messages
