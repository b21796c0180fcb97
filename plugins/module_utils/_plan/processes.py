# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on many parts by two processes. PRIVATE to the collection.

A copy of the process does a half: it has all that the parts need in memory, and tells what came out as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

_WORTH_IT = 100
"""Parts; for fewer of them a second process saves nothing."""

_OWN_SHARE = 0.47
"""What this process does of the parts: it has other things to do."""

Work: TypeAlias = Callable[[Sequence[str]], dict[str, str]]


def in_two_processes(work: Work, parts: Sequence[str]) -> dict[str, str]:
    """Return what ``work`` gives for ``parts``; what it gives for some of them must not depend on the others.

    Where there is no second processor, or the second process does not come to its end, this one does everything
    itself: then ``work`` may see parts for the second time. Raises what ``work`` raises.
    """
    if len(parts) < _WORTH_IT or not _has_two_processors():
        return work(parts)
    half = int(len(parts) * _OWN_SHARE)
    helper = _Helper(work, parts[half:])
    try:
        done = work(parts[:half])
    except BaseException:
        helper.result()
        raise
    told = helper.result()
    return {**done, **(work(parts[half:]) if told is None else told)}


def _has_two_processors() -> bool:
    # Elsewhere a copy of a process may meet libraries that do not bear it.
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


class _Helper:
    """The second process."""

    def __init__(self, work: Work, parts: Sequence[str]) -> None:
        self._reader, writer = os.pipe()
        try:
            self._process = os.fork()
        except OSError:
            # Too many processes, or too little memory.
            self._process = 0
            os.close(writer)
            return
        if self._process == 0:
            _work_and_exit(work, parts, writer)
        os.close(writer)

    def result(self) -> dict[str, str] | None:
        """Wait for the end of the process and return its result, None where it has none."""
        with os.fdopen(self._reader, "rb") as stream:
            told = stream.read()
        if not self._process:
            return None
        __, status = os.waitpid(self._process, 0)
        if status:
            return None
        result: dict[str, str] = json.loads(told)
        return result


def _work_and_exit(work: Work, parts: Sequence[str], writer: int) -> None:
    """Do the work of the second process, which never comes back from here."""
    status = 1
    try:
        with os.fdopen(writer, "wb") as stream:
            stream.write(json.dumps(work(parts)).encode())
        status = 0
    finally:
        os._exit(status)
