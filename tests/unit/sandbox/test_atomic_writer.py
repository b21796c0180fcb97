# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

from sandbox.agent import atomic_writer
from sandbox.agent.atomic_writer import File


def _files(*names: str) -> dict[str, File]:
    return {name: File(name.encode(), 0o644, os.getuid()) for name in names}


def test_shows_keys_through_the_data_link(tmp_path: Path) -> None:
    assert atomic_writer.write(tmp_path, _files("a", "sub/b"))
    assert (tmp_path / "a").read_text(encoding="utf-8") == "a"
    assert (tmp_path / "sub" / "b").read_text(encoding="utf-8") == "sub/b"
    assert (tmp_path / "a").readlink() == Path("..data/a")
    assert (tmp_path / "..data").readlink().name.startswith("..")


def test_does_not_touch_what_has_not_changed(tmp_path: Path) -> None:
    atomic_writer.write(tmp_path, _files("a"))
    before = (tmp_path / "..data").readlink()
    assert not atomic_writer.write(tmp_path, _files("a"))
    assert (tmp_path / "..data").readlink() == before


def test_replaces_everything_in_one_step_and_removes_the_old(tmp_path: Path) -> None:
    atomic_writer.write(tmp_path, _files("a", "old"))
    first = (tmp_path / "..data").readlink()
    changed = {"a": File(b"new", 0o600, os.getuid()), "b": File(b"b", 0o644, os.getuid())}
    assert atomic_writer.write(tmp_path, changed)
    assert (tmp_path / "a").read_bytes() == b"new"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "old").is_symlink()
    assert not (tmp_path / first).exists()
    visible = {path.name for path in tmp_path.iterdir() if not path.name.startswith("..")}
    assert visible == {"a", "b"}


def test_makes_files_readable_for_the_group(tmp_path: Path) -> None:
    atomic_writer.write(tmp_path, {"key": File(b"", 0o400, os.getuid())}, group=os.getgid())
    status = (tmp_path / "key").stat()
    assert status.st_mode & 0o777 == 0o440
    assert status.st_gid == os.getgid()


def test_a_half_written_update_does_not_hinder_the_next(tmp_path: Path) -> None:
    atomic_writer.write(tmp_path, _files("a"))
    (tmp_path / "..data_tmp").symlink_to("nowhere")
    assert atomic_writer.write(tmp_path, _files("b"))
    assert (tmp_path / "b").read_bytes() == b"b"
