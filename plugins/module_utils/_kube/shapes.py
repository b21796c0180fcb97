# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a value must look like, and how an API server takes it. PRIVATE to the collection.

A shape is what the schema of an API server says of a value. Taking a value checks it and leaves out what is ``null``:
a member counts as absent, an entry of a list as empty (Go's ``encoding/json``). Members that a shape does not name
are nobody's concern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

_SHOWN = 60


class MisshapenError(ValueError):
    """A value has not its shape: ``path`` are the steps that lead to it, ``problem`` says what it must be, and is."""

    def __init__(self, expected: str, found: Any) -> None:
        super().__init__(expected)
        self.path: list[str] = []
        self._expected = expected
        self._found = found

    @property
    def field(self) -> str:
        """Where the value stands, such as ``spec.rules[0].host``."""
        return "".join(self.path).removeprefix(".")

    @property
    def problem(self) -> str:
        """What the value must be, and what it is."""
        return f"must be {self._expected}, found {_described(self._found)}"


def _described(value: Any) -> str:
    """Return a value for people: short, and of one that has members its type only."""
    if value is None or (value == "" and isinstance(value, str)):
        return "nothing"
    if isinstance(value, (dict, list)):
        return {dict: "a mapping", list: "a list"}[type(value)]
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


class Shape(Protocol):
    """One shape; ``empty`` makes what stands for ``null`` in a list or a map.

    Values whose type is exactly ``whole`` have the shape, and stand for themselves; None where that is not enough.
    """

    @property
    def whole(self) -> type | None:
        """The type whose values all have this shape."""

    @property
    def empty(self) -> Callable[[], Any]:
        """Make the value of an entry that is ``null``."""

    def take(self, value: Any) -> Any:
        """Return ``value``, which is not None, as an API server takes it. Raises MisshapenError."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text; where there is a ``rule``, text that it accepts, which ``expected`` describes. Secret text is not shown."""

    rule: Callable[[str], bool] | None = None
    expected: str = "text"
    secret: bool = False
    empty: Callable[[], Any] = str

    @property
    def whole(self) -> type | None:
        """Text, where there is no rule."""
        return None if self.rule else str

    def take(self, value: Any) -> Any:
        """Return ``value``. Raises MisshapenError."""
        if not isinstance(value, str) or (self.rule is not None and not self.rule(value)):
            raise MisshapenError(self.expected, _Hidden(type(value).__name__) if self.secret else value)
        return value


class _Hidden:
    """Stands for a value that must not be shown."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __repr__(self) -> str:
        return f"a value of type {self._kind}"


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number between two bounds; ``or_text`` allows text instead."""

    least: int
    most: int
    or_text: bool = False
    empty: Callable[[], Any] = int
    whole: type | None = None

    def take(self, value: Any) -> Any:
        """Return ``value``. Raises MisshapenError."""
        if self.or_text and isinstance(value, str):
            return value
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            also = " or text" if self.or_text else ""
            raise MisshapenError(f"a number from {self.least} to {self.most}{also}", value)
        return value


_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_USUAL = len("2024-01-01T00:00:00Z")


@dataclass(frozen=True, slots=True)
class Time:
    """A moment as RFC 3339 writes it; taken in UTC, by the second, so that moments sort as text."""

    empty: Callable[[], Any] = str
    whole: type | None = None

    def take(self, value: Any) -> Any:
        """Return ``value`` in UTC. Raises MisshapenError."""
        try:
            if isinstance(value, str) and _DATE.fullmatch(value):
                if len(value) == _USUAL and value[-1] == "Z":
                    datetime.fromisoformat(value)
                    return value
                return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (ValueError, OverflowError):
            pass  # it looks like a date, but is none
        raise MisshapenError("a date as RFC 3339 writes it", value)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of values of one shape."""

    entry: Shape
    empty: Callable[[], Any] = list
    whole: type | None = None

    def take(self, value: Any) -> Any:
        """Return ``value`` with its entries taken. Raises MisshapenError."""
        if not isinstance(value, list):
            raise MisshapenError("a list", value)
        if self.entry.whole and set(map(type, value)) == {self.entry.whole}:
            return value
        taken = value
        for number, found in enumerate(value):
            try:
                new = self.entry.empty() if found is None else self.entry.take(found)
            except MisshapenError as error:
                error.path.insert(0, f"[{number}]")
                raise
            if new is not found:
                taken = list(value) if taken is value else taken
                taken[number] = new
        return taken


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping whose values have one shape."""

    value: Shape
    empty: Callable[[], Any] = dict
    whole: type | None = None

    def take(self, value: Any) -> Any:
        """Return ``value`` with its values taken. Raises MisshapenError."""
        if not isinstance(value, dict):
            raise MisshapenError("a mapping", value)
        if self.value.whole and set(map(type, value.values())) == {self.value.whole}:
            return value
        taken = value
        for name, found in value.items():
            try:
                new = self.value.empty() if found is None else self.value.take(found)
            except MisshapenError as error:
                error.path.insert(0, f"[{name}]")
                raise
            if new is not found:
                taken = dict(value) if taken is value else taken
                taken[name] = new
        return taken


class Fields:
    """A mapping with named members; of each group of ``one_of`` at least one member must be there, and not empty."""

    whole: type | None = None
    empty: Callable[[], Any] = dict

    def __init__(self, members: Mapping[str, Shape], one_of: tuple[tuple[str, ...], ...] = ()) -> None:
        # Tens of thousands of objects are taken, most of whose members are plain text: no call for those.
        self._members = {name: (shape, shape.whole) for name, shape in members.items()}
        self._one_of = one_of

    def take(self, value: Any) -> Any:
        """Return ``value`` with its named members taken. Raises MisshapenError."""
        if not isinstance(value, dict):
            raise MisshapenError("a mapping", value)
        changed: dict[str, Any] = {}
        for name, found in value.items():
            member = self._members.get(name)
            if member is None or found.__class__ is member[1]:
                continue
            if found is None:
                changed[name] = None
                continue
            try:
                new = member[0].take(found)
            except MisshapenError as error:
                error.path.insert(0, f".{name}")
                raise
            if new is not found:
                changed[name] = new
        taken = value
        if changed:
            taken = {name: item for name, item in (value | changed).items() if item is not None or name not in changed}
        for group in self._one_of:
            if not taken.get(group[0]) and not any(map(taken.get, group)):
                missing = MisshapenError("given", None)
                missing.path.append(f".{' or '.join(group)}")
                raise missing
        return taken
