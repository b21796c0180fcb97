# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of the cache appear whole or not at all, for every user, one set-up at a time."""

from __future__ import annotations

import multiprocessing
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.toolchain.layout import Cache
from sandbox.toolchain.store import exclusive, installing, remove, write_atomically
from sandbox.toolchain.superseded import KEPT_SECONDS, mark_in_use, remove_superseded


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_install_makes_all_at_once(tmp_path: Path) -> None:
    final = tmp_path / "bin" / "tool-1"
    with installing(final) as made:
        made.write_text("half", encoding="utf-8")
        assert not final.exists()
        made.write_text("whole", encoding="utf-8")
    assert final.read_text(encoding="utf-8") == "whole"
    assert entries(final.parent) == ["tool-1"]


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    final = tmp_path / "bin" / "tool-1"

    def interrupted() -> None:
        with installing(final) as made:
            made.write_text("half", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert entries(final.parent) == []


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    killed = tmp_path / ".tool-1.abc"
    killed.mkdir()
    (killed / "tool-1").touch()
    (tmp_path / ".tool-10.abc").mkdir()
    with installing(tmp_path / "tool-1") as made:
        made.touch()
    assert entries(tmp_path) == [".tool-10.abc", "tool-1"]


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_modes_do_not_follow_the_umask(tmp_path: Path, mask: int) -> None:
    final = tmp_path / "new" / "assets" / "charts"
    with umask(mask), installing(final) as made:
        made.mkdir()
        (made / "values.yaml").touch()
        (made / "run").touch(mode=0o700)
    assert [mode(path) for path in (final.parent.parent, final.parent, final)] == [0o755] * 3
    assert mode(final / "values.yaml") == 0o644
    assert mode(final / "run") & 0o755 == (0o755 if mode(final / "run") & 0o100 else 0o644)


def test_remove_takes_read_only_folders(tmp_path: Path) -> None:
    folder = tmp_path / "module"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").touch()
    (folder / "sub").chmod(0o555)
    folder.chmod(0o555)
    remove(folder)
    remove(tmp_path / "never there")
    assert entries(tmp_path) == []


def test_write_atomically_replaces_or_keeps(tmp_path: Path) -> None:
    path = tmp_path / "versions.json"
    write_atomically(path, "1")
    write_atomically(path, "2")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\udcff")
    assert path.read_text(encoding="utf-8") == "2"
    assert entries(tmp_path) == ["versions.json"]
    assert mode(path) == 0o644


def test_the_lock_makes_a_second_process_wait(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    context = multiprocessing.get_context("fork")
    inside, told = context.Event(), context.Queue()

    def second() -> None:
        with exclusive(lock, told.put):
            inside.set()

    with exclusive(lock, lambda holder: pytest.fail(f"held by {holder}")):
        process = context.Process(target=second)
        process.start()
        assert told.get(timeout=10) == str(os.getpid())
        assert not inside.is_set()
    process.join(timeout=10)
    assert inside.is_set()
    assert process.exitcode == 0


def test_only_what_nobody_used_for_a_month_goes(cache: Cache) -> None:
    now = 1_800_000_000.0
    cache.binaries.mkdir()
    for name, age in (("old", KEPT_SECONDS + 1), ("recent", KEPT_SECONDS - 1)):
        (cache.binaries / name).touch()
        os.utime(cache.binaries / name, (now - age, now - age))
    assert remove_superseded(cache, now) == [cache.binaries / "old"]
    assert entries(cache.binaries) == ["recent"]


def test_use_keeps_an_entry(cache: Cache) -> None:
    cache.binaries.mkdir()
    used = cache.binaries / "used"
    used.touch()
    os.utime(used, (0, 0))
    mark_in_use([used])
    assert remove_superseded(cache) == []
