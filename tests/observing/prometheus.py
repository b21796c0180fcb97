# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Prometheus on loopback that scrapes a page of series and evaluates rules, once a second."""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

MISSING = "prometheus is not there: it is a Debian package"
_READY_SECONDS = 60.0

Value = Callable[[float], float]
"""The value of a series by the seconds since the start."""


def is_there() -> bool:
    """Return whether Prometheus is installed."""
    return shutil.which("prometheus") is not None


class Prometheus:
    """One that runs, by its address."""

    def __init__(self, address: str) -> None:
        self._address = address

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of an expression now. Raises urllib.error.HTTPError when it cannot be parsed."""
        question = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"http://{self._address}/api/v1/query?{question}", timeout=10) as answer:
            samples: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return samples

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://{self._address}"

    def wait_for(self, expression: str) -> None:
        """Wait until an expression has samples; raises AssertionError when it never has."""
        deadline = time.monotonic() + _READY_SECONDS
        while not self.query(expression):
            assert time.monotonic() < deadline, f"there is nothing of {expression}"
            time.sleep(0.2)

    def is_ready(self) -> bool:
        """Whether it answers."""
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{self._address}/-/ready", timeout=5):
            return True
        return False


@contextlib.contextmanager
def running(folder: Path, rules: Path, series: Mapping[str, Value]) -> Iterator[Prometheus]:
    """Yield a Prometheus that keeps its data in ``folder`` and scrapes ``series``, which grow as time goes by."""
    with _exposed(series) as target:
        address = f"127.0.0.1:{_free_port()}"
        jobs = [{"job_name": "series", "honor_labels": True, "static_configs": [{"targets": [target]}]}]
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [f"{rules}/*.yml"],
            "scrape_configs": jobs,
        }
        path = folder / "prometheus.yml"
        path.write_text(json.dumps(configuration), encoding="utf-8")
        command = ["prometheus", f"--config.file={path}", f"--storage.tsdb.path={folder / 'data'}"]
        with (folder / "prometheus.log").open("wb") as log:
            process = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
        try:
            found = Prometheus(address)
            deadline = time.monotonic() + _READY_SECONDS
            while not found.is_ready():
                assert process.poll() is None, (folder / "prometheus.log").read_text()
                assert time.monotonic() < deadline, "Prometheus does not get ready"
                time.sleep(0.2)
            yield found
        finally:
            process.terminate()
            process.wait(30)


@contextlib.contextmanager
def _exposed(series: Mapping[str, Value]) -> Iterator[str]:
    """Yield the address of a page with ``series``."""
    started = time.monotonic()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            passed = time.monotonic() - started
            text = "".join(f"{name} {value(passed)}\n" for name, value in series.items())
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
