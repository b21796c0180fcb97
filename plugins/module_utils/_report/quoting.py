# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from a cluster, made inert for a terminal and for Markdown (design.md, rule 12). PRIVATE to the collection."""

from __future__ import annotations

import re
import unicodedata

# What Markdown, or the HTML in it, could read as markup inside a line; an underscore between letters is none. The last
# two are what some renderers make links of.
_MARKUP = re.compile(r"([\\`*\[\]<>|&~]|(?<![^\W_])_|_(?![^\W_])|@|:(?=//))")
# What could be read as markup at the start of a line or a list entry.
_START = re.compile(r"^(\d*)([#+\-=.)])")
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def terminal_text(text: str) -> str:
    """Return ``text`` without anything that a terminal acts on: control and format characters become escapes."""
    return "".join(_visible(character) for character in text)


def markdown_text(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it is, in one line, without links, markup or HTML."""
    return _START.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", terminal_text(text)))


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
