# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the checks, two at a time, and shows what each failed one said: `python -m lint [NAME ...]`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from lint.checks import Check, checks
from lint.files import CHECKOUT
from sandbox.toolchain import ToolchainError

_AT_A_TIME = 2
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found, and how long it took in seconds."""

    name: str
    complaint: str
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all checks, or those named; return 0 when none complains."""
    available = {check.name: check for check in checks((CHECKOUT / ".venv-2.21" / ".made").exists())}
    parser = argparse.ArgumentParser(prog="python -m lint", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(available)}")
    names: list[str] = parser.parse_args(arguments).names or list(available)
    unknown = [name for name in names if name not in available]
    if unknown:
        parser.error(f"unknown check {unknown[0]!r}: there are {', '.join(available)}")
    failed = _run_all([available[name] for name in names])
    _say(f"lint: {len(names) - failed} passed, {failed} failed")
    return int(failed > 0)


def _run_all(wanted: Sequence[Check]) -> int:
    failed = 0
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for done in as_completed([pool.submit(_run, check) for check in wanted]):
            outcome = done.result()
            failed += bool(outcome.complaint)
            verdict = f"FAILED {outcome.name}" if outcome.complaint else f"ok     {outcome.name}"
            _say(f"{verdict} ({outcome.seconds:.1f} s)\n{outcome.complaint}".rstrip())
    return failed


def _run(check: Check) -> Outcome:
    started = time.monotonic()
    try:
        complaint = check.run()
    except subprocess.CalledProcessError as error:
        complaint = f"{error}\n{error.stdout or ''}{error.stderr or ''}"
    except (OSError, ValueError, ToolchainError, subprocess.TimeoutExpired) as error:
        complaint = str(error)
    return Outcome(check.name, complaint, time.monotonic() - started)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
