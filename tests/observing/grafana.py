# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Grafana's API of dashboards; there is no package of Grafana to test with.

It knows what the role uses: reading a dashboard by its uid, and writing one with a token. Like Grafana it adds a number
and a version to what it stores.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

TOKEN = "glsa_test"


class StandIn:
    """What it holds, by uid, and the uids that were written, in their order."""

    def __init__(self) -> None:
        self.dashboards: dict[str, dict[str, Any]] = {}
        self.written: list[str] = []
        self.address = ""


@contextlib.contextmanager
def running() -> Iterator[StandIn]:
    """Yield one that listens on loopback."""
    grafana = StandIn()

    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = grafana.dashboards.get(self.path.removeprefix("/api/dashboards/uid/"))
            self._answer(200, {"dashboard": found}) if found else self._answer(404, {"message": "Dashboard not found"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != "/api/dashboards/db" or self.headers["Authorization"] != f"Bearer {TOKEN}":
                self._answer(401, {"message": "Unauthorized"})
                return
            dashboard = body["dashboard"]
            grafana.written.append(dashboard["uid"])
            grafana.dashboards[dashboard["uid"]] = {**dashboard, "id": len(grafana.written), "version": 1}
            self._answer(200, {"status": "success"})

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    grafana.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield grafana
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
