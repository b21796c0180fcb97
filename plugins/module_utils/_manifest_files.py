# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests from files, as kubectl reads them. PRIVATE to the collection.

A document that cannot be read is passed on as such: it never stops the others.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ._bundle.admission import hosts_in_text
from ._bundle.manifests import Document, ManifestError
from ._manifest_yaml import MISSING, documents_in

_ENDINGS = (".yaml", ".yml", ".json")


def documents(path: Path) -> Iterator[Document]:
    """Yield the documents of a file, or of all files below a folder that end as manifests do.

    Places are named from ``path`` on, so that they are the same on every machine. Raises ManifestError where there is
    nothing at ``path``, or PyYAML is missing.
    """
    if MISSING is not None:
        raise ManifestError(f"PyYAML is needed to read {path}: {MISSING}; install it for this Python")
    if not path.exists():
        raise ManifestError(f"{path} does not exist")
    if not path.is_dir():
        yield from _in_file(path, _shown(path.name))
        return
    for file in sorted(item for item in path.rglob("*") if item.suffix in _ENDINGS and not item.is_dir()):
        yield from _in_file(file, _shown(str(file.relative_to(path))))


def _shown(name: str) -> str:
    """Return a file name as text: its bytes may be no UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _in_file(file: Path, place: str) -> Iterator[Document]:
    if not file.is_file():
        # A pipe, for one, might never end.
        yield Document(place, None, "is no regular file")
        return
    try:
        content = file.read_bytes()
    except OSError as error:
        yield Document(place, None, f"cannot be read: {error.strerror}")
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"cannot be read: byte {error.start + 1} is no UTF-8"
        yield Document(place, None, problem, hosts_in_text(content.decode("utf-8", "replace")))
        return
    read = _json_documents if file.suffix == ".json" else documents_in
    for number, (part, parsed, problem) in enumerate(read(text), 1):
        yield Document(f"{place} document {number}", parsed, problem, hosts_in_text(part) if problem else ())


def _json_documents(text: str) -> Iterator[tuple[str, Any, str]]:
    """Yield the text of each of several values one after the other, what it says, and why it cannot be read."""
    twice: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, __ in pairs]
            twice.extend(name for name in found if names.count(name) > 1)
        return found

    decoder = json.JSONDecoder(object_pairs_hook=members)
    end = 0
    while rest := text[end:].lstrip():
        begin = len(text) - len(rest)
        twice.clear()
        try:
            content, end = decoder.raw_decode(text, begin)
        except json.JSONDecodeError as error:
            yield rest, None, f"cannot be read: {error.msg} in line {error.lineno}"
            return
        except RecursionError:
            yield rest, None, "cannot be read: it is nested too deeply"
            return
        except ValueError:
            yield rest, None, "cannot be read: it holds a huge number"
            return
        yield text[begin:end], content, f"has the key {twice[0][:60]!r} twice" if twice else ""
