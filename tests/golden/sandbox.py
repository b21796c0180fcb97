# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox that the golden probes are asked in."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox import interpreter
from sandbox.cluster import Cluster

_NAME = "test-golden"


@contextmanager
def sandbox(use: str) -> Iterator[Cluster]:
    """Yield the sandbox ``use``, which is left as it is, or a new one that is removed at the end."""
    if use:
        yield Cluster(use)
        return
    command = interpreter.module_command("sandbox", "up", _NAME, "--with-ingress-nginx", "--timeout", "180")
    try:
        subprocess.run(command, check=True, env=interpreter.environment())
        yield Cluster(_NAME)
    finally:
        down = interpreter.module_command("sandbox", "down", _NAME)
        subprocess.run(down, check=False, env=interpreter.environment())
