# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The finding: a coded statement about one source object (design.md, Findings). PRIVATE to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from .._kube.objects import ObjectKey


class Level(IntEnum):
    """How far a finding stands in the way. From ``CONSENT`` on, its host is held back on nginx."""

    NOTE = 1
    APPROXIMATE = 2
    CONSENT = 3
    BLOCKED = 4

    @property
    def word(self) -> str:
        """The level as it is written in plans and reports."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a finding comes from: an object and, where it applies, its annotation or field."""

    key: ObjectKey
    annotation: str = ""
    field: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the source as it stands in ``findings.jsonl``."""
        parts = {
            "kind": self.key.kind,
            "namespace": self.key.namespace,
            "name": self.key.name,
            "annotation": self.annotation,
            "field": self.field,
        }
        return {name: value for name, value in parts.items() if value}

    def __str__(self) -> str:
        detail = self.annotation or self.field
        return f"{self.key} {detail}" if detail else str(self.key)


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement: ``message`` says what is so, ``remedy`` what to do about it.

    ``host`` is empty for statements about a whole cluster. Values from the cluster stand in ``message`` as they are;
    whoever prints a finding quotes it for the language printed into (design.md, rule 12).
    """

    code: str
    level: Level
    source: Source
    message: str
    remedy: str
    host: str = ""
    accepted: bool = field(default=False, compare=False)

    @property
    def holds_back(self) -> bool:
        """Whether this finding keeps its host on nginx."""
        return self.level == Level.BLOCKED or (self.level == Level.CONSENT and not self.accepted)

    def sort_key(self) -> tuple[Any, ...]:
        """Order of findings in every output: host, code, source, message."""
        return (self.host, self.code, self.source.key, self.source.annotation, self.source.field, self.message)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as one line of ``findings.jsonl``."""
        return {
            "code": self.code,
            "level": self.level.word,
            "host": self.host,
            "source": self.source.as_dict(),
            "message": self.message,
            "remedy": self.remedy,
            "doc": f"docs/findings.md#{self.code.lower()}",
            **({"accepted": True} if self.accepted else {}),
        }
