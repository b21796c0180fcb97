# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tokenizer of nginx's configuration: the forms of ngx_conf_file.c, and no surprise for any text."""

from __future__ import annotations

import contextlib
import random

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.directives import (
    DirectiveError,
    parse_directives,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("return 404;", ["return", "404"]),
        ("add_header\n\tX-A  'a b' always ;", ["add_header", "X-A", "a b", "always"]),
        ('more_set_headers "X: a; b {c} #d";', ["more_set_headers", "X: a; b {c} #d"]),
        (r'set $a "say \"yes\" \\ \t\d";', ["set", "$a", 'say "yes" \\ \t\\d']),
        (r"rewrite ^/a\;b /c;", ["rewrite", "^/a\\;b", "/c"]),
        ("set $a ${b}c;", ["set", "$a", "${b}c"]),
        ("set $a b#c;", ["set", "$a", "b#c"]),
        ("# a comment; {\nreturn 200;# another", ["return", "200"]),
        ("a '';", ["a", ""]),
    ],
)
def test_words_are_read_as_nginx_reads_them(text: str, words: list[str]) -> None:
    (directive,) = parse_directives(text)
    assert [directive.name, *directive.arguments] == words


def test_blocks_nest_and_know_their_lines() -> None:
    location, last = parse_directives("location /a {\n  if ($b = 'c d') { return 403; }\n}\nexpires max;")
    assert (location.name, location.arguments, location.line) == ("location", ("/a",), 1)
    assert location.block is not None
    (condition,) = location.block
    assert condition.arguments == ("($b", "=", "c d", ")")
    assert condition.block is not None
    assert condition.block[0].name == "return"
    assert (last.name, last.line, last.block) == ("expires", 4, None)


@pytest.mark.parametrize(
    "text",
    [
        "return 404",
        "location / {",
        "} server { return 200;",
        "a { b }",
        ";",
        "{ a; }",
        'a "b;',
        'a "b"c;',
        "a b\\",
        "a {" * 1000 + "b;" + "}" * 1000,
    ],
)
def test_what_has_no_end_is_refused(text: str) -> None:
    with pytest.raises(DirectiveError):
        parse_directives(text)


def test_no_text_surprises_it() -> None:
    generator = random.Random(7)  # noqa: S311 - the same texts in every run
    pieces = ["{", "}", ";", '"', "'", "\\", "$", "${", "#", "\n", " ", "a", "if", "(", ")", "\0", "é", "return", "~*"]
    for __ in range(3000):
        text = "".join(generator.choice(pieces) for __ in range(generator.randrange(40)))
        with contextlib.suppress(DirectiveError):
            parse_directives(text)


def test_a_long_text_is_read_in_one_go() -> None:
    assert len(parse_directives("a b;" * 50_000)) == 50_000
