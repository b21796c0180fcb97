# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image name means here: programs and files of this machine, described by images/NAME.yaml (see README.md)."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.toolchain import ToolchainError, asset, locate

FOLDER: Final = Path(__file__).with_name("images")
_KEYS: Final = {
    "entrypoint",
    "command",
    "user",
    "group",
    "environment",
    "working_directory",
    "stop_signal",
    "files",
    "copies",
    "links",
}
_SOURCES: Final = {"binary", "asset", "file", "host"}


class ImageError(Exception):
    """There is no such image, or something it is made of is missing; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image as the agent uses it; `files` and `copies` lead from a path in the container to one of this machine.

    `files` are read-only; `copies` are folders that become private to the container and belong to its user, empty
    ones where the source is None; `links` are symbolic links by path.
    """

    name: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    user: int
    group: int
    environment: dict[str, str]
    working_directory: str
    stop_signal: signal.Signals
    files: dict[str, Path]
    copies: dict[str, Path | None]
    links: dict[str, str]


def basename(reference: str) -> str:
    """The last part of an image's repository: `registry.example/a/pilot:1.31@sha256:0` is `pilot`."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[0]


def names(folder: Path = FOLDER) -> list[str]:
    """The names of all images there are."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def find(reference: str, folder: Path = FOLDER) -> Image:
    """The image that a container asks for; raises ImageError."""
    name = basename(reference)
    path = folder / f"{name}.yaml"
    # A name never leads out of the folder: it holds no slash, and dots alone are no file of it.
    if name not in names(folder):
        raise ImageError(
            f"image {reference!r}: the sandbox pulls nothing, and knows {', '.join(names(folder))}; "
            f"describe {name!r} in tests/sandbox/images/{name}.yaml"
        )
    return _read(name, path)


def _read(name: str, path: Path) -> Image:
    text = path.read_text(encoding="utf-8")
    try:
        described: dict[str, Any] = _substituted(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise ImageError(f"{path} is not YAML: {error}") from error
    unknown = described.keys() - _KEYS
    if unknown:
        raise ImageError(f"{path}: unknown {', '.join(sorted(unknown))}; an image has {', '.join(sorted(_KEYS))}")
    if not described.get("entrypoint"):
        raise ImageError(f"{path}: entrypoint is missing")
    user = described.get("user", 0)
    stop_signal = described.get("stop_signal", "SIGTERM")
    if stop_signal not in signal.Signals.__members__:
        raise ImageError(f"{path}: stop_signal {stop_signal!r} is no signal")
    return Image(
        name=name,
        entrypoint=tuple(described["entrypoint"]),
        command=tuple(described.get("command", ())),
        user=user,
        group=described.get("group", user),
        environment=dict(described.get("environment", {})),
        working_directory=described.get("working_directory", "/"),
        stop_signal=signal.Signals[stop_signal],
        files={target: _source(path, source) for target, source in described.get("files", {}).items()},
        copies={
            target: _source(path, source) if source else None for target, source in described.get("copies", {}).items()
        },
        links=dict(described.get("links", {})),
    )


def _substituted(value: Any) -> Any:
    """Put the prefix of this Python where a description says `{python}`."""
    if isinstance(value, dict):
        return {_substituted(key): _substituted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_substituted(item) for item in value]
    return value.replace("{python}", sys.base_prefix) if isinstance(value, str) else value


def _source(described_in: Path, source: dict[str, str]) -> Path:
    if len(source) != 1 or not source.keys() <= _SOURCES:
        raise ImageError(f"{described_in}: {source} should have one of {', '.join(sorted(_SOURCES))}")
    ((kind, value),) = source.items()
    try:
        path = _located(described_in, kind, value)
    except ToolchainError as error:
        raise ImageError(f"image {described_in.stem}: {error}") from error
    if not path.exists():
        raise ImageError(f"image {described_in.stem}: {path} does not exist")
    return path


def _located(described_in: Path, kind: str, value: str) -> Path:
    match kind:
        case "binary":
            return locate(value)
        case "asset":
            return asset(value)
        case "file":  # beside the description
            return described_in.parent / value
        case _:
            return Path(value)
