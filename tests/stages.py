# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs make targets one after the other and says how long each took: `python3 tests/stages.py lint unit ...`.

The first is the set-up: when it fails nothing else starts. The others all run, so that one run shows all that is wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Stage:
    """A finished make target; `seconds` is wall-clock time."""

    name: str
    passed: bool
    seconds: float


def main(names: Sequence[str]) -> int:
    """Run the targets; return 0 when all passed."""
    stages: list[Stage] = []
    for name in names:
        _say(f"== {name}")
        stages.append(_run(name))
        if len(stages) == 1 and not stages[0].passed:
            break
    _say("== stages")
    for stage in stages:
        _say(f"{'ok' if stage.passed else 'FAILED':<6} {stage.name:<12} {stage.seconds:7.1f} s")
    passed = sum(stage.passed for stage in stages)
    _say(f"stages: {passed} passed, {len(names) - passed} failed")
    return int(passed < len(names))


def _run(name: str) -> Stage:
    started = time.monotonic()
    done = subprocess.run([os.environ.get("MAKE", "make"), name], cwd=CHECKOUT, check=False)
    return Stage(name, done.returncode == 0, time.monotonic() - started)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
