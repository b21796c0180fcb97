# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `python -m sandbox up|status|logs|exec|down NAME`."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from sandbox import down, up
from sandbox.errors import SandboxError
from sandbox.toolchain import ToolchainError

_START_SECONDS: Final = 120.0
_INTERRUPTED: Final = 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Real Kubernetes planes as plain processes.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up_parser = commands.add_parser("up", help="start a sandbox and wait until it is usable")
    up_parser.add_argument("name")
    up_parser.add_argument(
        "--timeout", type=float, default=_START_SECONDS, metavar="SECONDS", help="give up after so long (%(default)s)"
    )
    up_parser.set_defaults(run=_up)

    down_parser = commands.add_parser("down", help="end a sandbox and leave nothing")
    down_parser.add_argument("name")
    down_parser.add_argument("--keep-logs", action="store_true", help="leave the log files")
    down_parser.set_defaults(run=_down)
    return parser


def _up(arguments: argparse.Namespace) -> int:
    up.up(arguments.name, seconds=arguments.timeout)
    return 0


def _down(arguments: argparse.Namespace) -> int:
    down.down(arguments.name, keep_logs=arguments.keep_logs)
    return 0


def main() -> int:
    """Run one command; 1 with a message when it cannot be done, 130 when it was interrupted."""
    arguments = _parser().parse_args()
    try:
        exit_code: int = arguments.run(arguments)
    except (SandboxError, ToolchainError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
