# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key changes with everything that decides the bytes, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.toolchain import go_modules, keys
from sandbox.toolchain.go_modules import Go
from sandbox.toolchain.keys import digest, digest_of_files, key
from sandbox.toolchain.layout import cache
from sandbox.toolchain.table import ARTEFACTS, GoProgram, artefact


def use_go(monkeypatch: pytest.MonkeyPatch, version: str, platform: str = "linux/amd64") -> None:
    monkeypatch.setattr(go_modules, "go", lambda: Go(Path("/nowhere/go"), version, platform))


def test_keys_are_different_and_short() -> None:
    found = {key(row) for row in ARTEFACTS}
    assert len(found) == len(ARTEFACTS)
    assert all(len(one) == 12 for one in found)


def test_key_follows_go_series_but_not_its_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(artefact("etcd"))
    use_go(monkeypatch, "go1.26.9")
    assert key(artefact("etcd")) == before
    use_go(monkeypatch, "go1.27.0")
    assert key(artefact("etcd")) != before
    use_go(monkeypatch, "go1.26.8", "linux/arm64")
    assert key(artefact("etcd")) != before


def test_key_follows_flags_and_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keys, "TOOLS", tmp_path)
    module = tmp_path / "mine"
    module.mkdir()
    (module / "go.mod").write_text("module mine\n", encoding="utf-8")
    origin = GoProgram("mine", ".")
    row = replace(artefact("echo"), origin=origin)
    seen = {key(row), key(replace(row, origin=replace(origin, tags=("x",))))}
    (module / "main.go").write_text("package main\n", encoding="utf-8")
    seen.add(key(row))
    (module / "go.mod").write_text("module mine\n\ngo 1.26.0\n", encoding="utf-8")
    seen.add(key(row))
    assert len(seen) == 4
    (module / "main_test.go").write_text("package main\n", encoding="utf-8")
    (module / "README.md").write_text("words\n", encoding="utf-8")
    assert key(row) in seen


def test_digest_keeps_texts_apart() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"])


def test_digest_of_files_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1", encoding="utf-8")
    first = digest_of_files(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = digest_of_files(tmp_path)
    (tmp_path / "b").write_text("2", encoding="utf-8")
    assert len({first, second, digest_of_files(tmp_path)}) == 3


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"ISTIO_MIGRATION_CACHE": "/a/b"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/sealos-istio-migration"),
        ({"ISTIO_MIGRATION_CACHE": "", "XDG_CACHE_HOME": ""}, f"{Path.home()}/.cache/sealos-istio-migration"),
    ],
)
def test_place_of_the_cache(environment: dict[str, str], expected: str) -> None:
    assert str(cache(environment).root) == expected
