# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small ingress-nginx, and the real one of the Go module cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SANDBOX = Path(__file__).resolve().parents[3] / "sandbox"

TEMPLATE = """\
# setup
pid {{ .PID }};
http {
    server {
        {{ if $cfg.UseHTTP2 }}
            http2 on;
        {{ end }}
    }
    # default server, used for NGINX healthcheck and access to nginx stats
    server {
    }
}

stream {
    server {
        listen 127.0.0.1:{{ .StreamPort }};
    }
}

{{/* definition of templates to avoid repetitions */}}
{{ define "CUSTOM_ERRORS" }}
{{ end }}
"""


@pytest.fixture
def small_source(tmp_path: Path) -> Path:
    """Return a folder with what the changes look for, and read-only files as the Go module cache has them."""
    source = tmp_path / "source"
    files = {
        "nginx.conf": "events {}\n",
        "template/nginx.tmpl": TEMPLATE,
        "lua/configuration.lua": "  local raw_backends_last_synced_at = ngx.time()\n",
        "lua/balancer.lua": "ngx.timer.every(BACKENDS_SYNC_INTERVAL, sync_backends)\n",
        "lua/test/run.lua": "-- of no use at run time\n",
        "lua/OWNERS": "labels: []\n",
    }
    for name, text in files.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o400)
    return source


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """Return a folder in the place of Debian's /etc/nginx."""
    folder = tmp_path / "debian"
    folder.mkdir()
    for name in ("mime.types", "fastcgi_params"):
        (folder / name).write_text(f"# {name}\n")
    return folder


@pytest.fixture(scope="session")
def real_source() -> Path:
    """Return the pinned module's rootfs/etc/nginx; skip when it was not downloaded."""
    if shutil.which("go") is None:
        pytest.skip("there is no Go here, so no module cache")
    done = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/ingress-nginx"],
        cwd=SANDBOX / "tools" / "ingress-nginx",
        env=os.environ | {"GOPROXY": "off", "GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode != 0 or not done.stdout.strip():
        pytest.skip(f"the ingress-nginx module is not in the Go module cache: {done.stderr.strip()}")
    return Path(done.stdout.strip()) / "rootfs/etc/nginx"
