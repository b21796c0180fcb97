# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof on disk. PRIVATE to the collection.

::

    proof-<name>.jsonl    one probe a line
    proof-<name>.json     counts, hosts, certificates, release, and the SHA-256 of the lines

Plain ASCII, so that no value of a tenant reaches a terminal as anything but text. The summary is written last: where it
stands, the lines are complete.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._kube.names import is_object_name
from .._kube.release import VERSION
from .errors import ProofError
from .proof import Proof

FORMAT = 1

_ENCODER = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class StoredProof:
    """A proof on disk: ``summary`` is the content of ``proof-<name>.json``, ``lines`` the file beside it."""

    summary: dict[str, Any]
    lines: Path

    def results(self) -> Iterator[dict[str, Any]]:
        """Yield the line of each probe. Raises ProofError when the file was changed or is missing."""
        try:
            content = self.lines.read_bytes()
        except FileNotFoundError:
            raise ProofError(f"{self.lines} is missing; verify again") from None
        if hashlib.sha256(content).hexdigest() != self.summary["sha256"]:
            raise ProofError(f"{self.lines} was changed after it was written; verify again")
        yield from map(json.loads, content.splitlines())


def write_proof(proof: Proof, directory: Path) -> StoredProof:
    """Write ``proof`` into ``directory``, over an earlier one of the same name.

    Raises ProofError for a name that is no object name (it becomes a file name), OSError when it cannot be written.
    """
    lines, summary_path = _paths(directory, proof.name)
    content = "".join(f"{_ENCODER.encode(result.as_dict())}\n" for result in proof.results).encode("ascii")
    summary = {
        "format": FORMAT,
        "release": VERSION,
        **proof.summary(),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    directory.mkdir(parents=True, exist_ok=True)
    summary_path.unlink(missing_ok=True)
    _replace(lines, content)
    _replace(summary_path, f"{json.dumps(summary, indent=2)}\n".encode("ascii"))
    return StoredProof(summary, lines)


def read_proof(directory: Path, name: str) -> StoredProof:
    """Return the proof ``name`` in ``directory``. Raises ProofError when there is none, or none of this format."""
    lines, path = _paths(directory, name)
    try:
        summary = json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise ProofError(f"{path} does not exist; verify {name} first") from None
    except ValueError as error:
        raise ProofError(f"{path} is not valid JSON ({error}); verify again") from None
    if not isinstance(summary, dict) or summary.get("format") != FORMAT:
        raise ProofError(f"{path} is not of format {FORMAT}; verify again with this release")
    return StoredProof(summary, lines)


def read_summaries(directory: Path) -> list[dict[str, Any]]:
    """Return the summaries of all proofs in ``directory``, by name; a directory that is not there has none.

    Raises ProofError for a proof that cannot be read.
    """
    names = sorted(path.stem.removeprefix("proof-") for path in directory.glob("proof-*.json"))
    return [read_proof(directory, name).summary for name in names]


def _paths(directory: Path, name: str) -> tuple[Path, Path]:
    if not is_object_name(name):
        raise ProofError(f"{name!r} cannot name a proof: it must be a DNS name")
    return directory / f"proof-{name}.jsonl", directory / f"proof-{name}.json"


def _replace(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it, so that readers see all of it or none."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
        temporary = Path(stream.name)
        try:
            stream.write(content)
            stream.close()
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
