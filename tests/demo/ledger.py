# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches the ledger: as soon as a unit is recorded as verified its users may come."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import TYPE_CHECKING, Any

from harness.target import HOME

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.cluster import Cluster

_SELECTOR = "istio-migration.sealos.io/ledger=unit"


class LedgerWatch:
    """Calls ``verified(namespaces)`` for each unit once, from a thread of its own."""

    def __init__(self, cluster: Cluster, verified: Callable[[list[str]], None]) -> None:
        self._verified = verified
        self._seen: set[str] = set()
        self.problem: Exception | None = None
        self._process = subprocess.Popen(
            [
                *(cluster.binary("kubectl"), f"--kubeconfig={cluster.layout.kubeconfig}", "get", "configmaps"),
                *(f"--namespace={HOME}", f"--selector={_SELECTOR}", "--watch", "--output=json"),
                "--output-watch-events",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._thread = threading.Thread(target=self._follow, name="ledger", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the watch."""
        self._process.terminate()
        self._process.wait()
        self._thread.join()
        if self._process.stdout:
            self._process.stdout.close()

    def _follow(self) -> None:
        decoder, text = json.JSONDecoder(), ""
        for line in self._process.stdout or ():
            text = (text + line).lstrip()
            try:
                event, end = decoder.raw_decode(text)
            except json.JSONDecodeError:
                continue
            text = text[end:]
            try:
                self._take(json.loads(event["object"]["data"]["record"]))
            except Exception as error:  # noqa: BLE001 - told by the demo, which looks at it
                self.problem = self.problem or error

    def _take(self, record: dict[str, Any]) -> None:
        unit = record["unit"]
        if record["state"] == "verified" and unit not in self._seen:
            self._seen.add(unit)
            self._verified(record["namespaces"])
