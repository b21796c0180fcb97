# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left to do of a plan, given what the ledger says. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .record import Record
from .states import State


@dataclass(frozen=True, slots=True)
class Task:
    """One wave of a plan.

    ``todo`` are units to move, ``done`` those that are, ``skipped`` those that were rolled back and stay so, and
    ``unfinished`` those whose rollback was cut short.
    """

    number: int
    todo: tuple[str, ...]
    done: tuple[str, ...]
    skipped: tuple[str, ...]
    unfinished: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the task as module results have it."""
        return {
            "number": self.number,
            "todo": list(self.todo),
            "done": list(self.done),
            "skipped": list(self.skipped),
            "unfinished": list(self.unfinished),
        }


def work_left(
    waves: Sequence[Mapping[str, Any]],
    digests: Mapping[str, str],
    records: Mapping[str, Record],
    *,
    retry: bool,
    only_waves: Collection[int],
    only_units: Collection[str],
) -> list[Task]:
    """Return a task for each wave of a plan that has units left after the selections.

    ``digests`` says what the plan wants for each unit: a unit is done when it was verified with just that, whichever
    plan it was. A unit that was rolled back with just that is skipped until ``retry``: trying the same again would
    fail again. ``only_waves`` and ``only_units`` restrict the work, empty is all.
    """
    tasks = []
    for wave in waves:
        if only_waves and wave["number"] not in only_waves:
            continue
        units = [unit for unit in wave["units"] if not only_units or unit in only_units]
        verdicts = {unit: _verdict(records.get(unit), digests[unit], retry) for unit in units}
        if units:
            parts = (tuple(unit for unit in units if verdicts[unit] == word) for word in _VERDICTS)
            tasks.append(Task(wave["number"], *parts))
    return tasks


_VERDICTS = ("todo", "done", "skipped", "unfinished")


def _verdict(record: Record | None, wanted: str, retry: bool) -> str:
    if record is not None and record.state is State.ROLLING_BACK:
        return "unfinished"
    if record is None or record.resources != wanted:
        return "todo"
    if record.state is State.VERIFIED:
        return "done"
    return "skipped" if record.state is State.ROLLED_BACK and not retry else "todo"
