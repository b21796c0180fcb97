# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What recognised directives of one level say, and how levels inherit from each other. PRIVATE to the collection.

Sources: semantics.md B.18; the merge functions of nginx's headers filter, proxy and access modules, and of
headers-more-nginx-module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .text import Text

SAFE_STATUSES = frozenset((200, 201, 204, 206, 301, 302, 303, 304, 307, 308))
"""Statuses of ``add_header`` without ``always`` and of ``expires`` (nginx ``ngx_http_headers_filter_module.c``)."""


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """One change of the response: ``kind`` is ``set`` (empty text: clear), ``clear`` or ``add``.

    ``name`` is in lower case; with ``clear`` it may end with ``*``. ``statuses`` are those it is made for, empty for
    all.
    """

    kind: str
    name: str
    text: Text = ()
    statuses: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Expires:
    """``expires``: seconds from now; ``fixed`` is a date instead, with ``control`` as Cache-Control."""

    seconds: int = 0
    fixed: str = ""
    control: str = ""


@dataclass(frozen=True, slots=True)
class RequestChange:
    """A header of the request to the backend; an empty text removes it. ``name`` is in lower case.

    ``late`` tells that it is made as the request is written (``proxy_set_header``), after all that are not.
    """

    name: str
    text: Text
    late: bool = False


@dataclass(frozen=True, slots=True)
class Return:
    """nginx answers itself: ``location`` where a redirect leads, else ``body``."""

    status: int
    location: Text = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of an ``if``: ``variable`` against ``operand``.

    ``operator`` is ``=``, ``!=``, ``~``, ``!~``, ``~*``, ``!~*``, or empty: the variable is neither empty nor ``0``.
    """

    variable: str
    operator: str = ""
    operand: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """An ``if`` and what stands in it."""

    condition: Condition
    block: Block


@dataclass(frozen=True, slots=True)
class WrittenLocation:
    """A location that stands in a snippet: ``modifier`` is empty, ``=``, ``^~``, ``~`` or ``~*``."""

    modifier: str
    path: str
    block: Block


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A directive that is not converted, and why."""

    directive: str
    reason: str


@dataclass(frozen=True, slots=True)
class Block:
    """One level of directives.

    ``changes`` are those of headers-more, in order; ``additions`` are ``add_header``s, which come after them;
    ``hidden`` are headers of the backend that do not pass. ``requested`` are changes of the request. ``rules`` are
    ``allow`` and ``deny`` in order: (whether it allows, network or ``all``). ``script`` is what runs in the rewrite
    phase, in order.
    ``obstacles`` are the directives that keep the whole host on nginx.
    """

    changes: tuple[HeaderChange, ...] = ()
    additions: tuple[HeaderChange, ...] = ()
    expires: Expires | None = None
    hidden: tuple[str, ...] = ()
    requested: tuple[RequestChange, ...] = ()
    rules: tuple[tuple[bool, str], ...] = ()
    script: tuple[Return | Branch, ...] = ()
    locations: tuple[WrittenLocation, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def header_changes(self) -> tuple[HeaderChange, ...]:
        """The changes of the response in the order in which nginx makes them, without ``expires``."""
        return self.changes + self.additions

    @property
    def changes_response(self) -> bool:
        """Whether some response looks different."""
        return bool(self.changes or self.additions or self.expires or self.hidden)


NOTHING = Block()


def beside(first: Block, second: Block) -> Block:
    """Return two blocks of one level as one, ``second`` after ``first``."""
    if first is NOTHING or second is NOTHING:
        return second if first is NOTHING else first
    return Block(
        first.changes + second.changes,
        first.additions + second.additions,
        second.expires or first.expires,
        first.hidden + second.hidden,
        first.requested + second.requested,
        first.rules + second.rules,
        first.script + second.script,
        first.locations + second.locations,
        first.obstacles + second.obstacles,
    )


def inherited(outer: Block, inner: Block) -> Block:
    """Return ``inner`` with what it inherits of the headers of ``outer``: headers-more adds up, the others replace."""
    if outer is NOTHING:
        return inner
    return replace(
        inner,
        changes=outer.changes + inner.changes,
        additions=inner.additions or outer.additions,
        expires=inner.expires or outer.expires,
        hidden=inner.hidden or outer.hidden,
        requested=outer.requested + inner.requested,
    )


def branches_of(block: Block) -> Iterator[Branch]:
    """Yield the conditions of a level."""
    return (item for item in block.script if isinstance(item, Branch))


def first_return(block: Block) -> Return | None:
    """Return what a level answers to all requests that come so far, None where it lets them go on."""
    return next((item for item in block.script if isinstance(item, Return)), None)
