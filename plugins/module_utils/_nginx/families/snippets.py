# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives of nginx that somebody wrote by hand (semantics.md A.4 113 to 115, B.18). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader
from ..snippets.blocks import NOTHING, Block
from ..snippets.reading import Level, read_snippet


@dataclass(frozen=True, slots=True)
class Snippets:
    """The annotations of this family on one Ingress, as far as nginx takes them.

    ``removed`` are the names that ``allow-snippet-annotations`` keeps nginx from using (semantics.md 0.2).
    """

    location: Block = NOTHING
    server: Block = NOTHING
    removed: tuple[str, ...] = ()


SNIPPETS = ("configuration-snippet", "server-snippet", "stream-snippet", "auth-snippet")
NO_SNIPPETS = Snippets()


def read_snippets(reader: Reader) -> Snippets:
    """Return what the annotations of this family say."""
    values = reader.values
    present = tuple(name for name in SNIPPETS if name in values)
    if not present:
        return NO_SNIPPETS
    if not reader.settings.allow_snippets:
        return Snippets(removed=present)
    return Snippets(
        read_snippet(values.get("configuration-snippet", ""), Level.LOCATION),
        read_snippet(values.get("server-snippet", ""), Level.SERVER),
    )
