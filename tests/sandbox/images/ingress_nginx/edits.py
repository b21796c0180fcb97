# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to a file of ingress-nginx that must fit exactly.

The files come from a pinned module. When the pin moves and a change no longer finds its place, or finds two, nothing
may be written: an nginx that is almost right would make wrong proofs.
"""

from __future__ import annotations

from dataclasses import dataclass


class EditError(Exception):
    """A change does not fit; the message names the file and the change."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace one piece of text, which must be there exactly once.

    The piece is `old`; with `until` it goes from `old` to the `until` after it, which itself stays. `name` says what
    the change does, for the error message.
    """

    name: str
    old: str
    new: str
    until: str | None = None


def apply(edits: tuple[Edit, ...], text: str, *, file: str) -> str:
    """Return the text of `file` with all changes made, in their order.

    Raises:
        EditError: the place of a change is not there exactly once.
    """
    for edit in edits:
        start = _only(edit.old, text, edit, file)
        end = _end(edit, text, start, file)
        text = text[:start] + edit.new + text[end:]
    return text


def _end(edit: Edit, text: str, start: int, file: str) -> int:
    """Return where the piece that starts at `start` ends."""
    if edit.until is None:
        return start + len(edit.old)
    end = _only(edit.until, text, edit, file)
    if end < start:
        message = f"{file}: change {edit.name!r} does not fit: {edit.until!r} comes before {edit.old!r}"
        raise EditError(message)
    return end


def _only(piece: str, text: str, edit: Edit, file: str) -> int:
    """Return where the only occurrence of `piece` starts."""
    count = text.count(piece)
    if count != 1:
        message = (
            f"{file}: change {edit.name!r} does not fit: {piece!r} is there {count} times instead of once. "
            "The pinned ingress-nginx has changed: adapt sandbox/images/ingress_nginx/changes.py"
        )
        raise EditError(message)
    return text.index(piece)
