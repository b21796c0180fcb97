# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `python -m sandbox up|status|logs|exec|grant|down NAME`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from sandbox import down, enter, identities, logs, status, up
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
    up_parser.add_argument("--with-ingress-nginx", action="store_true", help="install ingress-nginx too")
    up_parser.set_defaults(run=_up)

    status_parser = commands.add_parser("status", help="show Pods, load balancers, processes and memory")
    status_parser.add_argument("name")
    status_parser.add_argument("--json", action="store_true", help="as JSON")
    status_parser.set_defaults(run=_status)

    logs_parser = commands.add_parser("logs", help="show the log of a component, or which logs there are")
    logs_parser.add_argument("name")
    logs_parser.add_argument("component", nargs="?")
    logs_parser.add_argument("--follow", action="store_true", help="go on with what is written from now on")
    logs_parser.set_defaults(run=_logs)

    exec_parser = commands.add_parser("exec", help="run a command in the client, on the node, or in a Pod")
    exec_parser.add_argument("name")
    where = exec_parser.add_mutually_exclusive_group()
    where.add_argument("--client", action="store_true", help="as the outside world (the default)")
    where.add_argument("--node", action="store_true", help="on the node")
    where.add_argument("--pod", metavar="NAMESPACE/POD", help="in a Pod")
    exec_parser.add_argument("-c", "--container", help="which container of the Pod")
    exec_parser.add_argument("command", nargs="+", metavar="COMMAND", help="after --")
    exec_parser.set_defaults(run=_exec)

    grant_parser = commands.add_parser("grant", help="apply roles, and write kubeconfigs for their ServiceAccounts")
    grant_parser.add_argument("name")
    grant_parser.add_argument("manifest", type=Path)
    grant_parser.set_defaults(run=_grant)

    down_parser = commands.add_parser("down", help="end a sandbox and leave nothing")
    down_parser.add_argument("name")
    down_parser.add_argument("--keep-logs", action="store_true", help="leave the log files")
    down_parser.set_defaults(run=_down)
    return parser


def _up(arguments: argparse.Namespace) -> int:
    up.up(arguments.name, seconds=arguments.timeout, with_ingress_nginx=arguments.with_ingress_nginx)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    status.show(arguments.name, as_json=arguments.json)
    return 0


def _logs(arguments: argparse.Namespace) -> int:
    return logs.show(arguments.name, arguments.component, follow=arguments.follow)


def _exec(arguments: argparse.Namespace) -> int:
    if arguments.pod:
        return enter.in_pod(arguments.name, arguments.pod, arguments.container, arguments.command)
    return enter.in_namespaces(arguments.name, arguments.command, node=arguments.node)


def _grant(arguments: argparse.Namespace) -> int:
    for path in identities.grant(arguments.name, arguments.manifest):
        sys.stdout.write(f"{path}\n")
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
