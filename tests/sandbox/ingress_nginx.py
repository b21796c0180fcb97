# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`up --with-ingress-nginx`: the ordinary manifests of ingress-nginx, applied and waited for."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sandbox.errors import SandboxError
from sandbox.toolchain import locate

if TYPE_CHECKING:
    from sandbox.console import Console
    from sandbox.layout import Layout

MANIFESTS: Final = Path(__file__).with_name("manifests") / "ingress-nginx.yaml"
_NAMESPACE: Final = "ingress-nginx"
_DEPLOYMENT: Final = "deployment/ingress-nginx-controller"


def _kubectl(layout: Layout, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(locate("kubectl")), f"--kubeconfig={layout.kubeconfig}", *arguments],
        check=False,
        capture_output=True,
        text=True,
    )


def install(layout: Layout, console: Console, seconds: float) -> None:
    """Apply the manifests and wait until the controller is ready; raises SandboxError that says why it is not."""
    applied = _kubectl(layout, "apply", "--server-side", "-f", str(MANIFESTS))
    if applied.returncode:
        raise SandboxError(f"sandbox {layout.name}: ingress-nginx was refused:\n{applied.stderr.strip()}")
    waited = _kubectl(
        layout, "rollout", "status", _DEPLOYMENT, f"--namespace={_NAMESPACE}", f"--timeout={max(1, int(seconds))}s"
    )
    if waited.returncode:
        logs = _kubectl(layout, "logs", _DEPLOYMENT, f"--namespace={_NAMESPACE}", "--tail=20")
        events = _kubectl(layout, "events", f"--namespace={_NAMESPACE}", "--types=Warning")
        raise SandboxError(
            f"sandbox {layout.name}: ingress-nginx is not ready after {seconds:.0f} s: {waited.stderr.strip()}\n"
            f"  warnings:\n{events.stdout.strip()}\n  its log:\n{(logs.stdout or logs.stderr).strip()}"
        )
    console.say("ingress-nginx ready")
