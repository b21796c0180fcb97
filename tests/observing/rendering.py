# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m observing.rendering FOLDER VARIABLES`: the rules of the role, by Ansible's templating without a run of it.

A run of a playbook takes many times as long. This is a process of its own, for Ansible finds its plugins once only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template

from observing.role import CHECKOUT

_ROLE = CHECKOUT / "roles" / "observe"
_LOOKUP = "lookup('ansible.builtin.template', '{path}', variable_start_string='[[', variable_end_string=']]')"
_SECONDS = 300


def render(folder: Path, variables: Mapping[str, Any]) -> None:
    """Write the rules into ``folder``, with ``variables`` of the role; in another process.

    Raises:
        AssertionError: a template failed; the message is what Ansible said.
    """
    command = [sys.executable, "-m", "observing.rendering", str(folder), json.dumps(variables)]
    done = subprocess.run(
        command, cwd=CHECKOUT / "tests", capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _main(folder: Path, variables: Mapping[str, Any]) -> None:
    init_plugin_loader([])
    loader = DataLoader()
    known: dict[str, Any] = {"inventory_hostname": "cluster-a"}
    for part in ("defaults", "vars"):
        known |= loader.load_from_file(str(_ROLE / part / "main.yml"), trusted_as_template=True)
    templar = Templar(loader=loader, variables={**known, **variables})
    folder.mkdir(parents=True)
    for path in sorted((_ROLE / "templates" / "rules").iterdir()):
        text = templar.template(trust_as_template(f"{{{{ {_LOOKUP.format(path=path)} }}}}"))
        (folder / path.stem).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), json.loads(sys.argv[2]))
