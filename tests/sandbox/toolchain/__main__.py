# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the set-up: `python3 -m sandbox.toolchain COMMAND` with tests/ on PYTHONPATH."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.toolchain import api, collection_tree, debian, doctor, environments
from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.interpreters import PYTHONS_FOR_ANSIBLE
from sandbox.toolchain.layout import CACHE_VARIABLE, CHECKOUT, cache
from sandbox.toolchain.store import exclusive, remove
from sandbox.toolchain.table import Kind, artefact

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 done, 1 something is missing or failed, 130 interrupted."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ToolchainError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: what is finished is kept, the same command goes on from there\n")
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m sandbox.toolchain", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    ensure = commands.add_parser("ensure", help="find, fetch or build what is missing of the programs and assets")
    ensure.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these and no others")
    ensure.set_defaults(command=_ensure)

    packages = commands.add_parser("packages", help="install missing Debian packages (as root)")
    packages.set_defaults(command=_packages)

    environment = commands.add_parser("environment", help="make a virtual environment, or add pinned packages to one")
    environment.add_argument("folder", type=Path)
    environment.add_argument(
        "--new-for", choices=sorted(PYTHONS_FOR_ANSIBLE), help="make it anew for this ansible-core"
    )
    environment.add_argument("--requirements", type=Path, required=True, help="a file of pins")
    environment.set_defaults(command=_environment)

    tree = commands.add_parser("collections", help="make .collections: kubernetes.core and the checkout itself")
    tree.set_defaults(command=_collections)

    look = commands.add_parser("doctor", help="say what is there, what is missing and how to get it")
    look.set_defaults(command=_doctor)

    path = commands.add_parser("path", help="print where a program or asset is")
    path.add_argument("name")
    path.set_defaults(command=_path)

    variables = commands.add_parser("env", help="print shell lines that put kubectl, helm and istioctl on PATH")
    variables.set_defaults(command=_env)

    root = commands.add_parser("cache", help="print the folder of the cache")
    root.set_defaults(command=_cache)

    clean = commands.add_parser("clean-cache", help="remove the cache")
    clean.set_defaults(command=_clean_cache)
    return parser


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _ensure(options: argparse.Namespace) -> int:
    api.ensure(options.only)
    return 0


def _packages(_: argparse.Namespace) -> int:
    debian.install(_say)
    return 0


def _environment(options: argparse.Namespace) -> int:
    if options.new_for:
        environments.make_environment(options.folder, PYTHONS_FOR_ANSIBLE[options.new_for], _say)
    environments.install_requirements(options.folder, options.requirements, _say)
    return 0


def _collections(_: argparse.Namespace) -> int:
    collection_tree.make_tree()
    return 0


def _doctor(_: argparse.Namespace) -> int:
    worst = 0
    for finding in doctor.examine():
        _say(str(finding))
        worst = max(worst, int(finding.state is doctor.State.MISSING))
    return worst


def _path(options: argparse.Namespace) -> int:
    row = artefact(options.name)
    _say(str(api.locate(row.name) if row.kind is Kind.BINARY else api.asset(row.name)))
    return 0


def _env(_: argparse.Namespace) -> int:
    path = os.pathsep.join((str(CHECKOUT / ".venv" / "bin"), str(api.command_folder())))
    _say(f"export {CACHE_VARIABLE}={shlex.quote(str(cache().root))}")
    _say(f'export PATH={shlex.quote(path)}"${{PATH:+:$PATH}}"')
    return 0


def _cache(_: argparse.Namespace) -> int:
    _say(str(cache().root))
    return 0


def _clean_cache(_: argparse.Namespace) -> int:
    where = cache()
    if where.root.is_dir():
        with exclusive(where.lock, lambda holder: _say(f"waiting for another set-up, process {holder}")):
            remove(where.root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
