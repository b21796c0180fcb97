# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML as kubectl reads it: documents by themselves, Go's idea of numbers, no key twice. PRIVATE to the collection.

Source: ``sigs.k8s.io/yaml`` and its go-yaml v2 (``resolve.go``), apimachinery ``util/yaml`` (separators). Whoever wrote
a document may mean harm: a few bytes must not become gigabytes or hours, and messages hold no values, for one of them
may be a Secret's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

try:
    import yaml
except ImportError as error:  # reported by whoever reads files
    MISSING: ImportError | None = error
else:
    MISSING = None

    _TAGS = "tag:yaml.org,2002:"
    _MERGE = f"{_TAGS}merge"
    _MERGED_KEYS = 10_000
    """The most keys that one mapping may get from others; merges of merges grow without end."""

    _FLOW_LEVELS = 100

    class _Loader(yaml.SafeLoader):
        """Reads one document; ``twice`` are keys that a mapping holds more than once, with their lines."""

        yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - PyYAML fills in a copy of its own

        def __init__(self, text: str) -> None:
            super().__init__(text)
            self.twice: list[tuple[str, int]] = []

        def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803 - PyYAML's name
            # PyYAML looks at every open bracket for each further token.
            if self.flow_level == _FLOW_LEVELS:
                raise yaml.scanner.ScannerError(None, None, "it is nested too deeply", self.get_mark())
            super().fetch_flow_collection_start(TokenClass)

        def compose_mapping_node(self, anchor: Any) -> Any:
            # Before merges are filled in: a key may well be in a merged mapping, too.
            node = super().compose_mapping_node(anchor)
            seen = set()
            for key, __ in node.value:
                if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                    continue
                if (key.tag, key.value) in seen:
                    self.twice.append((key.value, key.start_mark.line))
                seen.add((key.tag, key.value))
            return node

        def flatten_mapping(self, node: Any) -> None:
            merged = 0
            for key, value in node.value:
                if key.tag == _MERGE:
                    for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                        if isinstance(source, yaml.MappingNode):
                            self.flatten_mapping(source)
                            merged += len(source.value)
            if merged > _MERGED_KEYS:
                problem = f"merges more than {_MERGED_KEYS} keys into one mapping"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
            super().flatten_mapping(node)

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            return {_as_key(key): value for key, value in super().construct_mapping(node, deep).items()}

    def _integer(loader: _Loader, node: Any) -> int:
        text = loader.construct_scalar(node).replace("_", "")
        if len(text) > _DIGITS:
            raise yaml.constructor.ConstructorError(None, None, "holds a huge number", node.start_mark)
        sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
        is_octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
        return int(f"{sign}0o{digits[1:]}" if is_octal else text, 0)

    _DIGITS = 100
    _RESOLVED = (
        ("bool", r"y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "yYnNtTfFoO"),
        ("int", r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]*|[1-9][0-9_]*)", "-+0123456789"),
        ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
        ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
        ("null", r"~|null|Null|NULL|", "~nN\0"),
        ("merge", r"<<", "<"),
    )
    for _name, _pattern, _first in _RESOLVED:
        _letters = [letter if letter != "\0" else "" for letter in _first]
        _Loader.add_implicit_resolver(f"{_TAGS}{_name}", re.compile(rf"(?:{_pattern})\Z"), _letters)
    _Loader.add_constructor(f"{_TAGS}int", _integer)
    _Loader.bool_values = {**yaml.SafeLoader.bool_values, "y": True, "n": False}


def _as_key(key: Any) -> Any:
    """Return a key as JSON has it; what cannot be one is left to be refused."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key) if isinstance(key, int) else key


_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_NOTHING = re.compile(r"(?:[ \t]*(?:[#%][^\n]*)?\r?(?:\n|\Z))*")


def documents_in(text: str) -> Iterator[tuple[str, Any, str]]:
    """Yield the text of each document, what it says, and why it cannot be read, which is empty where it can."""
    begin = line = 0
    ends = [found.start() for found in _SEPARATOR.finditer(text)] + [len(text)]
    for end in ends:
        part = text[begin:end]
        if not _NOTHING.fullmatch(part.removeprefix("---")):
            yield (part, *_read(part, line))
        line += part.count("\n")
        begin = end


def _read(part: str, line: int) -> tuple[Any, str]:
    try:
        loader = _Loader(part)
        try:
            content = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        return None, f"cannot be read: {error.reason} (character {error.character:#x})"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" in line {line + mark.line + 1}" if mark else ""
        return None, f"cannot be read: {error.problem or error.context}{where}"
    except RecursionError:
        return None, "cannot be read: it is nested too deeply"
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # PyYAML's constructors of explicit tags fail in their own ways.
        return None, "cannot be read: a value is not what its tag says"
    if loader.twice:
        key, at = loader.twice[0]
        return content, f"has the key {key[:60]!r} twice, in line {line + at + 1}"
    return content, ""
