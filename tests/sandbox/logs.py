# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m sandbox logs NAME [COMPONENT]`: the logs of the components. Those of Pods are shown by kubectl."""

from __future__ import annotations

import shutil
import subprocess
import sys

from sandbox.errors import SandboxError
from sandbox.layout import Layout


def components(layout: Layout) -> list[str]:
    """The components that have written a log."""
    return sorted(path.stem for path in layout.logs.glob("*.log"))


def show(name: str, component: str | None, *, follow: bool) -> int:
    """Print one log, or say which there are; the exit code. Logs that were kept after the end are shown too."""
    layout = Layout.of(name)
    known = components(layout)
    if not known:
        raise SandboxError(f"sandbox {name} has no logs in {layout.logs}: it is not there")
    if component is None:
        sys.stdout.write("".join(f"{item}\t{layout.log(item)}\n" for item in known))
        return 0
    if component not in known:
        raise SandboxError(f"sandbox {name} has no log of {component!r}; it has {', '.join(known)}")
    path = layout.log(component)
    if follow:
        return subprocess.run(["tail", "-n", "+1", "-F", str(path)], check=False).returncode
    with path.open(encoding="utf-8", errors="replace") as file:
        shutil.copyfileobj(file, sys.stdout)
    return 0
