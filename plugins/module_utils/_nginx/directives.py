# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives of nginx, read as nginx reads its configuration (nginx ``src/core/ngx_conf_file.c``). PRIVATE.

Quotes, escapes, comments, variables in braces and nested blocks; nothing is interpreted here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_SPACE = " \t\r\n"
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n", '"': '"', "'": "'", "\\": "\\"}
_DEPTH_LIMIT = 20
_END, _OPEN, _CLOSE = ";", "{", "}"


class DirectiveError(ValueError):
    """A text is no list of complete directives; ``str()`` says why and in which line."""


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: its name, its arguments without quotes and escapes, and what stands in its braces.

    ``block`` is None where it ends with a semicolon; ``line`` counts from 1.
    """

    name: str
    arguments: tuple[str, ...]
    line: int
    block: tuple[Directive, ...] | None = None


@dataclass(slots=True)
class _Open:
    """A block whose end is not read yet; the outermost has no words."""

    words: list[str] = field(default_factory=list)
    line: int = 1
    inner: list[Directive] = field(default_factory=list)


def parse_directives(text: str) -> tuple[Directive, ...]:
    """Return the directives of ``text``. Raises DirectiveError where a directive, a block or a quote has no end."""
    stack = [_Open()]
    words: list[str] = []
    line = 0
    for kind, word, at in _tokens(text):
        if kind == "word":
            line = line if words else at
            words.append(word)
        elif kind == _CLOSE:
            if words or len(stack) == 1:
                raise DirectiveError(f"line {at}: unexpected }}")
            done = stack.pop()
            stack[-1].inner.append(_directive(done.words, done.line, tuple(done.inner)))
        elif not words:
            raise DirectiveError(f"line {at}: unexpected {kind}")
        elif kind == _END:
            stack[-1].inner.append(_directive(words, line))
            words = []
        else:
            stack.append(_Open(words, line))
            words = []
            if len(stack) > _DEPTH_LIMIT:
                raise DirectiveError(f"line {at}: more than {_DEPTH_LIMIT} blocks in each other")
    if words or len(stack) > 1:
        raise DirectiveError("the last directive has no end")
    return tuple(stack[0].inner)


def _directive(words: list[str], line: int, block: tuple[Directive, ...] | None = None) -> Directive:
    return Directive(words[0], tuple(words[1:]), line, block)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield (kind, word, line): ``word`` for a word, else the character that ends or opens something."""
    index, line = 0, 1
    while index < len(text):
        character = text[index]
        if character in _SPACE:
            line += character == "\n"
            index += 1
        elif character == "#":
            index = _line_end(text, index)
        elif character in (_END, _OPEN, _CLOSE):
            yield character, "", line
            index += 1
        else:
            end, word = (_quoted if character in "\"'" else _bare)(text, index, line)
            yield "word", word, line
            line += text.count("\n", index, end)
            index = end


def _line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end


def _quoted(text: str, start: int, line: int) -> tuple[int, str]:
    quote, index = text[start], start + 1
    while index < len(text) and text[index] != quote:
        index += 2 if text[index] == "\\" else 1
    if index >= len(text):
        raise DirectiveError(f"line {line}: a quote has no end")
    following = text[index + 1 : index + 2]
    # nginx takes a parenthesis for the start of the next word there.
    if following and following not in _SPACE + ");{":
        raise DirectiveError(f"line {line}: unexpected {following!r} after a quote")
    return index + 1, _unescaped(text[start + 1 : index])


def _bare(text: str, start: int, line: int) -> tuple[int, str]:
    index = start
    while index < len(text) and text[index] not in _SPACE + _END:
        if text[index] == _OPEN:
            # A brace is part of a word only right after a dollar sign.
            if text[index - 1] != "$" or index == start:
                break
            index += 1
        elif text[index] == "\\":
            index += 2
        else:
            index += 1
    if index > len(text):
        raise DirectiveError(f"line {line}: a backslash at the end")
    return index, _unescaped(text[start:index])


def _unescaped(text: str) -> str:
    """Return a word as nginx keeps it: a backslash before anything else than an escape stands for itself."""
    if "\\" not in text:
        return text
    out: list[str] = []
    index = 0
    while index < len(text):
        escape = _ESCAPES.get(text[index + 1 : index + 2]) if text[index] == "\\" else None
        out.append(text[index] if escape is None else escape)
        index += 1 if escape is None else 2
    return "".join(out)
