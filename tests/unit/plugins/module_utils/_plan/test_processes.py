# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two processes do what one does, and one does it where the other cannot."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan import processes
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.processes import in_two_processes

_PARTS = [f"part-{number}" for number in range(1000)]


@pytest.fixture(autouse=True)
def fixture_two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_has_two_processors", lambda: True)


def _by_whom(parts: Sequence[str]) -> dict[str, str]:
    return {part: str(os.getpid()) for part in parts}


def _no_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def test_each_part_is_done_once_by_one_of_two_processes() -> None:
    done = in_two_processes(_by_whom, _PARTS)
    assert list(done) == _PARTS
    assert len(set(done.values())) == 2
    assert str(os.getpid()) in done.values()
    assert _no_children()


def test_a_few_parts_are_done_here() -> None:
    assert set(in_two_processes(_by_whom, _PARTS[:10]).values()) == {str(os.getpid())}


@pytest.mark.parametrize("ends", ["raises", "is killed"])
def test_what_the_other_process_does_not_finish_is_done_here(ends: str) -> None:
    own = os.getpid()

    def work(parts: Sequence[str]) -> dict[str, str]:
        if os.getpid() != own:
            if ends == "raises":
                raise MemoryError
            os.kill(os.getpid(), 9)
        return _by_whom(parts)

    done = in_two_processes(work, _PARTS)
    assert sorted(done) == sorted(_PARTS)
    assert set(done.values()) == {str(own)}
    assert _no_children()


def test_without_a_second_process_everything_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_fork() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", no_fork)
    assert set(in_two_processes(_by_whom, _PARTS).values()) == {str(os.getpid())}


@pytest.mark.parametrize("bad", [_PARTS[0], _PARTS[-1]])
def test_an_error_is_raised_wherever_it_is_met(bad: str) -> None:
    def work(parts: Sequence[str]) -> dict[str, str]:
        if bad in parts:
            raise ValueError(bad)
        return _by_whom(parts)

    with pytest.raises(ValueError, match=bad):
        in_two_processes(work, _PARTS)
    assert _no_children()
