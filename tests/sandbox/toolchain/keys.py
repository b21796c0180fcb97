# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in the cache: a digest of everything that decides the bytes of an artefact."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from pathlib import Path

from sandbox.toolchain import go_modules, recipes
from sandbox.toolchain.layout import TOOLS, Cache
from sandbox.toolchain.table import Artefact, GoProgram, Kind, ModuleFiles, Wheel

# No debugging information, which the linker would drop again (8 % of a build), and one thread for each compiler, since
# Go starts as many compilers as there are cores (7 %). Measured on etcd.
COMPILE_FLAGS = "all=-dwarf=false -c=1"

_KEY_LENGTH = 12
_NOT_PART_OF_A_PROGRAM = ("_test.go", ".md")


def location(artefact: Artefact, cache: Cache) -> Path:
    """Return where the cache keeps an artefact, whether it is there yet or not.

    Raises:
        ToolchainError: Go is needed to tell and was not found.
    """
    folder = cache.binaries if artefact.kind is Kind.BINARY else cache.assets
    return folder / f"{artefact.name}-{key(artefact)}"


def key(artefact: Artefact) -> str:
    """Return the digest of an artefact's inputs as 12 hexadecimal digits."""
    match artefact.origin:
        case GoProgram() as origin:
            inputs = _program_inputs(origin)
        case Wheel() as origin:
            inputs = [origin.distribution, origin.version, origin.member, platform.system(), platform.machine()]
        case ModuleFiles() as origin:
            inputs = _module_inputs(origin)
    return digest([artefact.name, *inputs])


def link_flags(origin: GoProgram) -> str:
    """Return the value of -ldflags: no symbol tables, and the version variables."""
    variables = " ".join(f"-X {variable}" for variable in _linked(origin))
    return f"-s -w {variables}".strip()


def digest(inputs: list[str]) -> str:
    """Return a digest of a list of texts that no other list has."""
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:_KEY_LENGTH]


def digest_of_files(folder: Path) -> str:
    """Return a digest of the names and contents of all files below a folder, without tests and documents."""
    entries: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.endswith(_NOT_PART_OF_A_PROGRAM):
            entries += [path.relative_to(folder).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()]
    return digest(entries)


def _program_inputs(origin: GoProgram) -> list[str]:
    compiler = go_modules.go()
    return [
        digest_of_files(TOOLS / origin.folder),
        origin.package,
        ",".join(origin.tags),
        COMPILE_FLAGS,
        link_flags(origin),
        compiler.series,
        compiler.platform,
    ]


def _module_inputs(origin: ModuleFiles) -> list[str]:
    recipe_text = Path(recipes.__file__).read_text(encoding="utf-8")
    return [
        origin.module,
        go_modules.required_version(origin.folder, origin.module),
        origin.recipe.__name__,
        recipe_text,
        *(digest_of_files(folder) for folder in origin.also_from),
    ]


def _linked(origin: GoProgram) -> list[str]:
    if not origin.linked:
        return []
    version = go_modules.required_version(origin.folder, origin.module)
    release = origin.release or version.removeprefix("v")
    numbers = re.findall(r"\d+", release)
    values = {
        "version": version,
        "release": release,
        "major": numbers[0],
        "minor": numbers[1],
        "commit": version.rpartition("-")[2],
    }
    return [variable.format(**values) for variable in origin.linked]
