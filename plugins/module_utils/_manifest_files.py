# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests from files, as kubectl reads them. PRIVATE to the collection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ._bundle.manifests import ManifestError

try:
    import yaml
except ImportError as error:  # reported by documents()
    _MISSING: ImportError | None = error
else:
    _MISSING = None
    _DATE = "tag:yaml.org,2002:timestamp"

    class _Loader(yaml.SafeLoader):
        """Reads YAML as kubectl does: what looks like a date is text."""

    _Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _DATE]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_ENDINGS = (".yaml", ".yml", ".json")


def documents(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield where it stands and what it says, for each document of a file, or of all files below a folder.

    Raises ManifestError, which names the file.
    """
    if _MISSING is not None:
        raise ManifestError(f"PyYAML is needed to read {path}: {_MISSING}; install it for this Python")
    files = sorted(item for item in path.rglob("*") if item.suffix in _ENDINGS) if path.is_dir() else [path]
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            if file.suffix == ".json":
                yield str(file), json.loads(text)
            else:
                for number, document in enumerate(yaml.load_all(text, _Loader), 1):  # a SafeLoader
                    yield f"{file} document {number}", document
        except (UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
            raise ManifestError(f"{file} cannot be read: {error}") from error
        except RecursionError as error:
            raise ManifestError(f"{file} cannot be read: it is nested too deeply") from error
