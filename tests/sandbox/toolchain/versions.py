# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions of a binary that is already on the machine are taken instead of a build."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.layout import Cache
from sandbox.toolchain.store import write_atomically

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(-[0-9A-Za-z.-]+)?")
_SECONDS_TO_ANSWER = 20


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Major, minor and patch version; what a vendor adds ("-dispatcher", "-eks-1a2b3c") is shown, not compared."""

    major: int
    minor: int
    patch: int = 0
    label: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """Return the first version in `text`, or None: `v3.22` is 3.22.0."""
        found = _VERSION.search(text)
        if found is None:
            return None
        major, minor, patch, label = found.groups(default="")
        return cls(int(major), int(minor), int(patch or 0), label)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}{self.label}"


@dataclass(frozen=True, slots=True)
class Supported:
    """How to ask a binary for its version, and which answers are good enough.

    `lowest` is taken, `below` is not; `reason` says where the limits come from.
    """

    question: tuple[str, ...]
    marker: str
    lowest: Version
    below: Version
    reason: str

    def read(self, output: str) -> Version | None:
        """Return the version in the binary's answer: the first one behind the marker."""
        _, found, rest = output.partition(self.marker)
        return Version.parse(rest) if found else None

    def objection(self, version: Version | None) -> str | None:
        """Return why this version is not taken, or None when it is."""
        if version is None:
            return f"does not tell its version, {self.needed} is needed"
        if self.lowest <= version < self.below:
            return None
        return f"is version {version}, {self.needed} is needed ({self.reason})"

    @property
    def needed(self) -> str:
        return f"{self.lowest} or newer below {self.below}"


class Answers:
    """What binaries answered, kept in the cache: asking thirteen of them takes two seconds."""

    def __init__(self, cache: Cache) -> None:
        self._path = cache.answers
        self._known = self._load()
        self._changed = False

    def version(self, binary: Path, supported: Supported) -> Version | None:
        """Return the version of a binary, asking it only when the file is not the one that was asked before."""
        status = binary.stat()
        fingerprint = f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}:{' '.join(supported.question)}"
        known = self._known.get(str(binary))
        if known is None or known[0] != fingerprint:
            known = (fingerprint, ask(binary, supported.question))
            self._known[str(binary)] = known
            self._changed = True
        return supported.read(known[1])

    def save(self) -> None:
        """Keep the answers for the next run."""
        if self._changed and self._path.parent.is_dir():
            write_atomically(self._path, json.dumps(self._known, indent=1, sort_keys=True) + "\n")
            self._changed = False

    def _load(self) -> dict[str, tuple[str, str]]:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(path): (str(entry[0]), str(entry[1])) for path, entry in stored.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError, IndexError, TypeError):
            return {}  # only a memory of answers: a broken one is written anew


def ask(binary: Path, question: tuple[str, ...]) -> str:
    """Return what a binary prints when asked for its version; empty when it fails.

    Raises:
        ToolchainError: it does not answer in time.
    """
    try:
        answer = subprocess.run(
            [str(binary), *question],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=_SECONDS_TO_ANSWER,
        )
    except OSError:
        return ""
    except subprocess.TimeoutExpired as error:
        message = f"{binary} {' '.join(question)} gave no answer in {_SECONDS_TO_ANSWER} s; take it off PATH"
        raise ToolchainError(message) from error
    return answer.stdout if answer.returncode == 0 else ""
