# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How files of a Go module become an asset: charts, Envoy's bootstrap, custom resources, nginx's folder.

Each recipe gets the module's folder (read-only) and the path it has to make. The text of this file is part of every
asset's key, so a changed recipe makes its asset anew.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.toolchain.errors import ToolchainError
from sandbox.toolchain.layout import TESTS

ISTIO_RELEASE = "1.31.0"
_CHARTS = {
    "base": "manifests/charts/base",
    "istiod": "manifests/charts/istio-control/istio-discovery",
    "gateway": "manifests/charts/gateway",
}


def istio_charts(module: Path, made: Path) -> None:
    """Copy the charts base, istiod and gateway, with the versions that Istio's release process would set."""
    made.mkdir()
    for name, source in _CHARTS.items():
        chart = made / name
        _copy_tree(module / source, chart)
        _set(chart / "Chart.yaml", r"^(version|appVersion): 1\.0\.0$", rf"\g<1>: {ISTIO_RELEASE}", times=2)
    _set(made / "istiod" / "values.yaml", r"^( +)tag: latest$", rf"\g<1>tag: {ISTIO_RELEASE}", times=1)


def istio_bootstrap(module: Path, made: Path) -> None:
    """Copy the bootstrap template that pilot-agent writes Envoy's configuration from."""
    shutil.copyfile(module / "tools/packaging/common/envoy_bootstrap.json", made)


def gateway_api_crds(module: Path, made: Path) -> None:
    """Copy the Gateway API's custom resource definitions that this Istio is tested with."""
    shutil.copyfile(module / "tests/integration/pilot/testdata/gateway-api-crd.yaml", made)


def ingress_nginx_rootfs(module: Path, made: Path) -> None:
    """Make the folder that an ingress-nginx Pod gets as /etc/nginx: template and Lua fitted to Debian's nginx.

    Raises:
        ToolchainError: the fitting failed; its own message is passed on.
    """
    command = [sys.executable, "-m", "sandbox.images.ingress_nginx", str(module / "rootfs/etc/nginx"), str(made)]
    search_path = os.pathsep.join(filter(None, (str(TESTS), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": search_path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode != 0:
        message = f"sandbox.images.ingress_nginx could not make nginx's folder: {done.stderr.strip() or done.stdout}"
        raise ToolchainError(message)


def _copy_tree(source: Path, target: Path) -> None:
    """Copy a folder of the module cache without its read-only modes."""
    target.mkdir()
    for path in sorted(source.iterdir()):
        if path.is_dir():
            _copy_tree(path, target / path.name)
        else:
            shutil.copyfile(path, target / path.name)


def _set(path: Path, pattern: str, replacement: str, *, times: int) -> None:
    """Replace a placeholder, which must be there as often as expected: upstream may have moved it."""
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if count != times:
        message = (
            f"{path.name} of chart {path.parent.name}: {pattern!r} found {count} times, expected {times}; "
            "the pinned Istio has changed, adapt sandbox/toolchain/recipes.py"
        )
        raise ToolchainError(message)
    path.write_text(text, encoding="utf-8")
