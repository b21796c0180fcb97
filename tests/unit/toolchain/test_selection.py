# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SANDBOX_BIN_DIR before PATH before the cache, and only in a supported version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.toolchain import ToolchainError, asset, locate
from sandbox.toolchain.keys import location
from sandbox.toolchain.layout import Cache
from sandbox.toolchain.selection import Choice, Source, choose
from sandbox.toolchain.table import artefact
from sandbox.toolchain.versions import Answers, Version

Program = Callable[[str, str, str], Path]
GOOD, OLD = "etcd Version: 3.6.20", "etcd Version: 3.4.23"


def decide(cache: Cache, **environment: str) -> Choice:
    return choose(artefact("etcd"), cache, {"PATH": "", **environment}, Answers(cache))


def put_into_cache(cache: Cache, name: str) -> Path:
    path = location(artefact(name), cache)
    path.parent.mkdir(exist_ok=True)
    path.touch(mode=0o755)
    return path


def test_nothing_is_there(cache: Cache) -> None:
    choice = decide(cache)
    assert choice.source is Source.NOWHERE
    assert not choice.ready
    assert choice.path.parent == cache.binaries


def test_the_folder_comes_before_path_and_cache(cache: Cache, program: Program) -> None:
    put_into_cache(cache, "etcd")
    offered, on_path = program("offered", "etcd", GOOD), program("path", "etcd", GOOD)
    choice = decide(cache, SANDBOX_BIN_DIR=str(offered.parent), PATH=str(on_path.parent))
    assert (choice.source, choice.path, choice.version) == (Source.DIRECTORY, offered, Version(3, 6, 20))


def test_path_comes_before_the_cache(cache: Cache, program: Program) -> None:
    put_into_cache(cache, "etcd")
    on_path = program("path", "etcd", GOOD)
    choice = decide(cache, PATH=str(on_path.parent))
    assert (choice.source, choice.path) == (Source.PATH, on_path)


def test_unsupported_ones_are_passed_over_and_named(cache: Cache, program: Program) -> None:
    built = put_into_cache(cache, "etcd")
    offered, on_path = program("offered", "etcd", OLD), program("path", "etcd", "no idea")
    choice = decide(cache, SANDBOX_BIN_DIR=str(offered.parent), PATH=str(on_path.parent))
    assert (choice.source, choice.path) == (Source.CACHE, built)
    assert [reason.split(",")[0] for reason in choice.passed_over] == [
        f"{offered} (SANDBOX_BIN_DIR) is version 3.4.23",
        f"{on_path} (PATH) does not tell its version",
    ]


def test_a_folder_that_lacks_it_is_no_error_but_no_folder_is(cache: Cache, tmp_path: Path) -> None:
    assert decide(cache, SANDBOX_BIN_DIR=str(tmp_path)).source is Source.NOWHERE
    with pytest.raises(ToolchainError, match=r"SANDBOX_BIN_DIR is .*nowhere.*no folder"):
        decide(cache, SANDBOX_BIN_DIR=str(tmp_path / "nowhere"))


def test_links_into_the_cache_do_not_count_as_found_on_path(cache: Cache, program: Program, tmp_path: Path) -> None:
    superseded = cache.binaries / "etcd-000000000000"
    superseded.parent.mkdir()
    superseded.write_bytes(program("old", "etcd", GOOD).read_bytes())
    superseded.chmod(0o755)
    links = tmp_path / "links"
    links.mkdir()
    (links / "etcd").symlink_to(superseded)
    assert decide(cache, PATH=str(links)).source is Source.NOWHERE


def test_locate_and_asset(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolchainError, match=r"etcd is not there yet: run `make setup`, or .* --only etcd`"):
        locate("etcd")
    built, charts = put_into_cache(cache, "etcd"), location(artefact("istio-charts"), cache)
    charts.mkdir(parents=True)
    assert locate("etcd") == built
    assert asset("istio-charts") == charts
    with pytest.raises(ToolchainError, match="istio-charts is of kind asset"):
        locate("istio-charts")
    with pytest.raises(ToolchainError, match="etcd is of kind binary"):
        asset("etcd")
