# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of the applications, played by the load generator: on nginx throughout, on the gateway after the proof."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any, Final

from demo.applications import Route, Traffic
from demo.errors import DemoError
from harness.target import HOME, SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sandbox.cluster import Cluster

_PROTOCOLS: Final = {Traffic.HTTP: "h1", Traffic.HTTP2: "h2", Traffic.WEBSOCKET: "ws", Traffic.GRPC: "grpc"}
_RATE: Final = {Traffic.HTTP: 1.5, Traffic.HTTP2: 1.5, Traffic.WEBSOCKET: 1.0, Traffic.GRPC: 1.0}
_GRPC_CALL: Final = "/sealos.istio_migration.sandbox.Echo/Echo"
_SECONDS: Final = 60.0


class Load:
    """A running load generator in the outside world of a sandbox."""

    def __init__(self, cluster: Cluster, folder: Path, authority: bytes) -> None:
        self._cluster = cluster
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._authority = folder / "ca.crt"
        self._authority.write_bytes(authority)
        self._socket = folder / "load.sock"
        self._addresses = dict.fromkeys(SERVICES, "")
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._loaded: set[tuple[str, str]] = set()

    def start(self, routes: Iterable[Route]) -> None:
        """Begin with all routes on nginx; raises DemoError."""
        targets = self._folder / "targets.jsonl"
        targets.write_text(self._targets("nginx", routes), encoding="utf-8")
        command = [
            *(self._cluster.binary("load"), "run", "--control", str(self._socket), "--targets", str(targets)),
        ]
        self._process = subprocess.Popen(
            self._cluster.client_command(*command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=(self._folder / "load.log").open("w", encoding="utf-8"),
            text=True,
            start_new_session=True,
        )
        first = self._process.stdout.readline() if self._process.stdout else ""
        if "ready" not in first:
            said = (self._folder / "load.log").read_text(encoding="utf-8")
            raise DemoError(f"the load generator did not start: {first}{said}")

    def add(self, plane: str, routes: Iterable[Route]) -> int:
        """Begin with further routes on a plane, and return how many are new; raises SandboxError."""
        with self._lock:
            new = [route for route in routes if (plane, route.url) not in self._loaded]
            if new:
                path = self._folder / f"{plane}-{len(self._loaded)}.jsonl"
                path.write_text(self._targets(plane, new), encoding="utf-8")
                self._cluster.client(self._cluster.binary("load"), "add", "--control", str(self._socket), str(path))
            return len(new)

    def stop(self) -> dict[str, Any]:
        """End it and return its report; raises SandboxError."""
        text = self._cluster.client(
            self._cluster.binary("load"), "stop", "--control", str(self._socket), seconds=_SECONDS
        )
        report: dict[str, Any] = json.loads(text)
        if self._process is not None:
            self._process.wait(_SECONDS)
        return report

    def kill(self) -> None:
        """End what is left of it."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _targets(self, plane: str, routes: Iterable[Route]) -> str:
        if not self._addresses[plane]:
            self._addresses[plane] = self._cluster.address(HOME, SERVICES[plane])
        lines = []
        for route in routes:
            self._loaded.add((plane, route.url))
            if route.traffic != Traffic.NONE:
                lines.append(json.dumps(self._target(plane, route)) + "\n")
        return "".join(lines)

    def _target(self, plane: str, route: Route) -> dict[str, Any]:
        grpc = route.traffic == Traffic.GRPC
        target: dict[str, Any] = {
            "plane": plane,
            "host": route.host,
            "address": f"{self._addresses[plane]}:{443 if route.secure else 80}",
            "scheme": "https" if route.secure else "http",
            "protocol": _PROTOCOLS[route.traffic],
            "path": _GRPC_CALL if grpc else route.path,
            "rate": _RATE[route.traffic],
        }
        if route.secure:
            target["ca_file"] = str(self._authority)
        if route.traffic in (Traffic.HTTP, Traffic.HTTP2):
            target["contains"] = f'"service":"{route.service}"'
        return target
