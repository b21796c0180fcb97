# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity on exactly what is published, in a home of its own.

ansible-test wants the collection below a real `ansible_collections/NAMESPACE/NAME` folder (it resolves links), so the
collection is built and unpacked there. Its virtual environments and downloads go into the project's cache.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from lint.files import CHECKOUT
from sandbox.toolchain.layout import cache

# What ansible-test would download from a host that is not a package registry. ensurepip does the same offline.
_PIP_BOOTSTRAP = "import ensurepip\n\nensurepip.bootstrap(default_pip=True)\n"
_SECONDS = 900
# Its own and pip's progress, on the same stream as its findings.
_NOISE = (
    "Running sanity test",
    "Installing",
    "Using cached",
    "Looking in",
    "Processing",
    "Collecting",
    "Downloading",
    "Successfully",
    "━",
)


def sanity_complaints(environment: Path) -> str:
    """Run all sanity tests with the ansible-core and the Python of a virtual environment of this project.

    Returns:
        What the failed tests said; empty when all passed.

    Raises:
        subprocess.CalledProcessError: the collection cannot be built.
        ValueError: this ansible-test gets pip in an unknown way.
    """
    home = cache().root / "ansible-test"
    _provide_pip(home, environment)
    with tempfile.TemporaryDirectory(prefix="sanity-", dir=cache().root) as workspace:
        collection = _unpacked_collection(Path(workspace), environment, home)
        done = subprocess.run(
            [
                _program(environment, "ansible-test"),
                "sanity",
                "--color",
                "no",
                "--python",
                _python_version(environment),
            ],
            cwd=collection,
            env=_variables(environment, home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    if done.returncode == 0:
        return ""
    return "\n".join(line for line in done.stdout.splitlines() if not line.lstrip().startswith(_NOISE))


def _unpacked_collection(workspace: Path, environment: Path, home: Path) -> Path:
    subprocess.run(
        [
            _program(environment, "ansible-galaxy"),
            "collection",
            "build",
            "--output-path",
            str(workspace),
            str(CHECKOUT),
        ],
        env=_variables(environment, home),
        check=True,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    tree = workspace / "ansible_collections"
    collection = tree / "sealos" / "istio_migration"
    collection.mkdir(parents=True)
    shutil.unpack_archive(next(workspace.glob("*.tar.gz")), collection)
    (collection / "tests").mkdir()
    shutil.copy(CHECKOUT / "tests" / "config.yml", collection / "tests")
    if (CHECKOUT / "tests" / "sanity").is_dir():
        shutil.copytree(CHECKOUT / "tests" / "sanity", collection / "tests" / "sanity")
    # Documentation fragments of kubernetes.core are resolved while modules are checked.
    (tree / "kubernetes").symlink_to(CHECKOUT / ".collections" / "ansible_collections" / "kubernetes")
    return collection


def _provide_pip(home: Path, environment: Path) -> None:
    source = next(environment.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py"))
    found = re.search(r"\bpip='([0-9.]+)'", source.read_text(encoding="utf-8"))
    if found is None:
        message = f"{source} does not name its pip version: adapt tests/lint/sanity.py to this ansible-core"
        raise ValueError(message)
    script = home / ".ansible" / "test" / "cache" / f"get_pip_{found.group(1).replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(_PIP_BOOTSTRAP, encoding="utf-8")
    # The user's way to the package index stays in force under the other home.
    for settings in (".pip", ".config/pip"):
        link, target = home / settings, Path.home() / settings
        if target.exists() and not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)


def _variables(environment: Path, home: Path) -> dict[str, str]:
    path = os.pathsep.join((str(environment / "bin"), os.environ.get("PATH", os.defpath)))
    # Neither the checkout's ansible.cfg nor the user's has a say: only what is published counts.
    settings = home / "ansible.cfg"
    settings.touch()
    return os.environ | {
        "PATH": path,
        "HOME": str(home),
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_HOME": str(home / ".ansible"),
    }


def _python_version(environment: Path) -> str:
    settings = (environment / "pyvenv.cfg").read_text(encoding="utf-8")
    found = re.search(r"^version = (\d+\.\d+)", settings, re.MULTILINE)
    if found is None:
        message = f"{environment}/pyvenv.cfg names no version: make the environment anew (make clean)"
        raise ValueError(message)
    return found.group(1)


def _program(environment: Path, name: str) -> str:
    return str(environment / "bin" / name)
