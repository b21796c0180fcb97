# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian packages that the sandbox needs: asked for with dpkg-query, installed once when root.

nginx-light and prometheus would start and enable servers; here only a Pod starts nginx, and a test Prometheus.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sandbox.toolchain.errors import ToolchainError

PACKAGES: dict[str, str] = {
    "ca-certificates": "certificates of the package sources",
    "curl": "probes of both planes",
    "git": "the list of files that lint looks at",
    "iproute2": "links and routes of Pods",
    "libnginx-mod-http-headers-more-filter": "ingress-nginx's template",
    "libnginx-mod-http-lua": "ingress-nginx's balancer and certificates",
    "libnginx-mod-http-ndk": "needed by the set-misc module",
    "libnginx-mod-http-set-misc": "ingress-nginx's template",
    "lua-cjson": "ingress-nginx's Lua",
    "lua-nginx-dns": "ingress-nginx's Lua",
    "lua-resty-core": "ingress-nginx's Lua",
    "lua-resty-lrucache": "ingress-nginx's Lua",
    "nftables": "kube-proxy",
    "nginx-light": "the web server of ingress-nginx",
    "openssl": "probes of certificates",
    "prometheus": "tests of alerts, recording rules and dashboards (promtool)",
}
# Package to the service that it would enable at the next boot.
_SERVICES = {"nginx-light": "nginx", "prometheus": "prometheus"}

_POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_ASIDE = Path("/usr/sbin/policy-rc.d.before-istio-migration")
_POLICY_TEXT = "#!/bin/sh\n# Put here by the set-up of sealos.istio_migration while it installs packages.\nexit 101\n"
_FORBIDDEN_BY_POLICY = 101
_MINUTES_15 = 900


def missing_packages() -> list[str]:
    """Return the names of needed packages that are not installed.

    Raises:
        ToolchainError: this is not Debian or one of its derivatives.
    """
    if shutil.which("dpkg-query") is None:
        message = (
            "dpkg-query was not found: the sandbox runs on Debian 12 and its like, whose nginx packages it needs; "
            f"the packages are {', '.join(PACKAGES)}"
        )
        raise ToolchainError(message)
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *PACKAGES],
        capture_output=True,
        text=True,
        check=False,  # unknown names make it fail, the others are listed all the same
        timeout=60,
    )
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in PACKAGES if name not in installed]


def install_command(packages: Sequence[str]) -> str:
    """Return the command that an administrator can type."""
    return f"apt-get install --no-install-recommends {' '.join(packages)}"


def install(say: Callable[[str], None]) -> None:
    """Install what is missing; do nothing when nothing is.

    Raises:
        ToolchainError: not root (with the command to run), or apt-get failed twice.
    """
    missing = missing_packages()
    if not missing:
        return
    if os.geteuid() != 0:
        message = f"Debian packages are missing. As root run: {install_command(missing)}"
        raise ToolchainError(message)
    say(f"Debian packages: installing {' '.join(missing)}")
    with _services_kept_down():
        output = _apt_get("install", "--no-install-recommends", *missing)
        if output is not None:
            say("Debian packages: the package lists are old, updating them")
            _apt_get("update")
            output = _apt_get("install", "--no-install-recommends", *missing)
    if output is not None:
        tail = "\n".join(f"    {line}" for line in output.splitlines()[-15:])
        message = f"apt-get could not install {' '.join(missing)}. Its last lines:\n{tail}\nRepair apt, then try again."
        raise ToolchainError(message)
    for package, service in _SERVICES.items():
        if package in missing:
            # Else a server nobody asked for would come up at the next boot.
            subprocess.run(["update-rc.d", service, "disable"], check=True, capture_output=True, timeout=60)
            say(f"Debian packages: {service} is installed as a program only, no service is started or enabled")


def _apt_get(*arguments: str) -> str | None:
    """Run apt-get; return None when it succeeded, else what it printed."""
    done = subprocess.run(
        ["apt-get", "--yes", "--quiet", "-o", "DPkg::Lock::Timeout=300", *arguments],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_MINUTES_15,
    )
    return None if done.returncode == 0 else done.stdout


@contextlib.contextmanager
def _services_kept_down() -> Iterator[None]:
    """Have invoke-rc.d refuse to start services (Debian policy 9.3.3), and put everything back."""
    if _POLICY_ASIDE.exists():  # an earlier run was killed
        _POLICY_ASIDE.replace(_POLICY)
    if _POLICY.exists() and _refuses(_POLICY):
        yield
        return
    had_policy = _POLICY.exists()
    if had_policy:
        _POLICY.replace(_POLICY_ASIDE)
    try:
        _POLICY.write_text(_POLICY_TEXT, encoding="utf-8")
        _POLICY.chmod(0o755)
        yield
    finally:
        _POLICY.unlink()
        if had_policy:
            _POLICY_ASIDE.replace(_POLICY)


def _refuses(policy: Path) -> bool:
    asked = subprocess.run([str(policy), "nginx", "start"], check=False, capture_output=True, timeout=60)
    return asked.returncode == _FORBIDDEN_BY_POLICY
