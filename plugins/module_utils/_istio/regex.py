# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions of nginx (PCRE) in the dialect of Envoy and istiod (RE2) (semantics.md B.2). PRIVATE.

Envoy matches whole texts with RE2, istiod checks the syntax with Go's package of the same dialect. What PCRE can and
RE2 cannot say is refused here, with the reason.
"""

from __future__ import annotations

import re

from .._kube.patterns import is_costly

LIMIT = 1024
"""Characters that Istio accepts in one regular expression."""

_REPEAT_LIMIT = 1000
_SPECIAL = frozenset("\\^$.|?*+()[]{}")
_LETTER_ESCAPES = frozenset("dDwWsSbBA")
_NOT_IN_PATHS = frozenset(' "%<>`\x7f')
_FLAGS = re.compile(r"\(\?[ims]*([:)])")
_NAMED_GROUP = re.compile(r"\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')", re.ASCII)
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}", re.ASCII)
_HEX = re.compile(r"\\x[0-7][0-9A-Fa-f]")
_POSIX_CLASS = re.compile(r"\[:(\^?)([a-z]+):\]")
_POSIX_RANGES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "punct": "!-/:-@\\[-`{-~",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_REFUSED_GROUPS = {
    "(?=": "a look-ahead",
    "(?!": "a negative look-ahead",
    "(?<=": "a look-behind",
    "(?<!": "a negative look-behind",
    "(?>": "an atomic group",
    "(?|": "a group that resets its numbers",
    "(?(": "a condition",
    "(?R": "a recursion",
    "(?&": "a recursion",
    "(?P>": "a recursion",
    "(?P=": "a reference to a group",
    "(*": "a control verb",
}


class UnsupportedPatternError(ValueError):
    """RE2 cannot say what a pattern of PCRE says; ``str()`` is what the pattern uses, as the object of a sentence."""


def is_literal(pattern: str) -> bool:
    """Tell whether a pattern matches only its own text."""
    return not _SPECIAL.intersection(pattern)


def literal(text: str) -> str:
    """Return a pattern for exactly ``text``."""
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in text)


def translate(pattern: str) -> str:
    """Return a PCRE ``pattern`` in RE2's dialect, to be used without case. Raises UnsupportedPatternError."""
    if is_costly(pattern):
        raise UnsupportedPatternError("repetitions within repetitions, or many of them, which the models cannot check")
    return _Translation(pattern).text()


def count_groups(pattern: str) -> int:
    """Return how many groups of a translated pattern capture."""
    return re.compile(pattern).groups


def has_alternatives(pattern: str) -> bool:
    """Tell whether a ``|`` of a translated pattern stands outside of all groups and classes."""
    depth = index = 0
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            index += 1
        elif character == "[":
            index = _class_end(pattern, index)
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "|" and not depth:
            return True
        index += 1
    return False


def _class_end(pattern: str, start: int) -> int:
    """Return where the class that opens at ``start`` closes. Raises UnsupportedPatternError where it does not."""
    index = start + 1 + pattern.startswith("^", start + 1)
    first = index
    while index < len(pattern):
        posix = _POSIX_CLASS.match(pattern, index)
        if posix:
            index = posix.end()
        elif pattern[index] == "\\":
            index += 2
        elif pattern[index] == "]" and index > first:
            return index
        else:
            index += 1
    raise UnsupportedPatternError("a class without its end")


class _Translation:
    """One pass over a pattern, from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._index = 0
        self._out: list[str] = []

    def text(self) -> str:
        """Return the translation."""
        while self._index < len(self._pattern):
            self._step(self._pattern[self._index])
        translated = "".join(self._out)
        try:
            re.compile(translated)
        except (re.error, OverflowError, RecursionError) as error:
            raise UnsupportedPatternError(f"what is no regular expression ({error})") from error
        return translated

    def _step(self, character: str) -> None:
        if not character.isascii() or ord(character) < ord(" ") or character in _NOT_IN_PATHS:
            raise UnsupportedPatternError(f"the character {character!r}, which paths hold encoded")
        if character == "\\":
            self._escape()
        elif character == "[":
            self._class()
        elif character == "(":
            self._group()
        elif character in "*+?{":
            self._quantifier()
        else:
            self._take(1)

    def _take(self, length: int, text: str | None = None) -> None:
        end = self._index + length
        self._out.append(self._pattern[self._index : end] if text is None else text)
        self._index = end

    def _escape(self) -> None:
        number = _HEX.match(self._pattern, self._index)
        if number:
            self._take(len(number[0]))
            return
        following = self._pattern[self._index + 1 : self._index + 2]
        if following in ("z", "Z"):
            self._take(2, "$")
        elif following.isdigit():
            raise UnsupportedPatternError("a reference to a group")
        elif not following or following == "\\" or (following.isalpha() and following not in _LETTER_ESCAPES):
            raise UnsupportedPatternError(f"\\{following}")
        else:
            self._take(2, following if following == "_" else None)

    def _class(self) -> None:
        end = _class_end(self._pattern, self._index)
        self._take(1)
        if self._pattern[self._index] == "^":
            self._take(1)
        if self._pattern[self._index] == "]":
            self._take(1, "\\]")
        while self._index < end:
            self._class_member()
        self._take(1)

    def _class_member(self) -> None:
        posix = _POSIX_CLASS.match(self._pattern, self._index)
        if posix:
            if posix[1] or posix[2] not in _POSIX_RANGES:
                raise UnsupportedPatternError(f"the class {posix[0]}")
            self._take(len(posix[0]), _POSIX_RANGES[posix[2]])
        elif self._pattern[self._index] == "\\":
            following = self._pattern[self._index + 1]
            number = _HEX.match(self._pattern, self._index)
            if not number and (following == "\\" or (following.isalnum() and following not in "dDwWsS")):
                raise UnsupportedPatternError(f"\\{following} in a class")
            self._take(len(number[0]) if number else 2)
        else:
            # A bracket inside of a class is itself for PCRE; others may read it as the start of a named class.
            self._take(1, "\\[" if self._pattern[self._index] == "[" else None)

    def _group(self) -> None:
        for opening, name in _REFUSED_GROUPS.items():
            if self._pattern.startswith(opening, self._index):
                raise UnsupportedPatternError(name)
        named = _NAMED_GROUP.match(self._pattern, self._index)
        flags = _FLAGS.match(self._pattern, self._index)
        if named:
            self._take(len(named[0]), f"(?P<{named[1] or named[2]}>")
        elif flags:
            # nginx ignores case anyway, and no path has lines.
            self._take(len(flags[0]), "(?:" if flags[1] == ":" else "")
        elif self._pattern.startswith("(?", self._index):
            raise UnsupportedPatternError(f"the group {self._pattern[self._index : self._index + 4]}")
        else:
            self._take(1)

    def _quantifier(self) -> None:
        repeat = _REPEAT.match(self._pattern, self._index)
        if self._pattern[self._index] == "{" and not repeat:
            self._take(1, "\\{")
            return
        if repeat and max(int(number) for number in (repeat[1], repeat[2] or "0")) > _REPEAT_LIMIT:
            raise UnsupportedPatternError(f"more than {_REPEAT_LIMIT} repetitions")
        self._take(len(repeat[0]) if repeat else 1)
        if self._pattern.startswith("+", self._index):
            raise UnsupportedPatternError("a possessive repetition")
        if self._pattern.startswith("?", self._index):
            self._take(1)
