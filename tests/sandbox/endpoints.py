# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loopback ports of LoadBalancer Services, and the file that tells the commands on the host about them."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from sandbox import layout as addresses
from sandbox import ports
from sandbox.forward import Forwarder
from sandbox.state import write_atomically

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from sandbox.layout import Layout

_log = logging.getLogger(__name__)


class Endpoints:
    """What is forwarded: the API server for good, Services as they come and go.

    A Service's port gets the next free port of the block and keeps it, also when the Service goes and comes back.
    """

    def __init__(self, layout: Layout, first_port: int, api: socket.socket, node: int, client: int) -> None:
        """`node` and `client` are network namespaces; `api` listens on `first_port`."""
        self._layout = layout
        self._first_port = first_port
        self._client = client
        self._api = Forwarder(api, node, addresses.NODE_ADDRESS, addresses.API_PORT)
        self._assigned: dict[tuple[str, int], int] = {}
        self._forwarders: dict[tuple[str, str, int], Forwarder] = {}
        self._write({})

    def update(self, services: Mapping[str, Mapping[str, Any]]) -> None:
        """Make the listeners those of `{"NAMESPACE/NAME": {"address": "198.18.200.1", "ports": [80, 443]}}`."""
        wanted = {(service, entry["address"], port) for service, entry in services.items() for port in entry["ports"]}
        for key in self._forwarders.keys() - wanted:
            self._forwarders.pop(key).close()
        for key in sorted(wanted - self._forwarders.keys()):
            self._open(*key)
        self._write(services)

    def _open(self, service: str, address: str, port: int) -> None:
        block = range(self._first_port + 1, self._first_port + ports.PORTS_PER_SANDBOX)
        taken = set(self._assigned.values())
        own = self._assigned.get((service, port))
        for candidate in ([own] if own else []) + [number for number in block if number not in taken]:
            listener = ports.listen(candidate)
            if listener is not None:
                self._assigned[service, port] = candidate
                self._forwarders[service, address, port] = Forwarder(listener, self._client, address, port)
                _log.info("127.0.0.1:%d leads to %s port %d (%s)", candidate, service, port, address)
                return
        _log.error("no free loopback port is left for %s port %d", service, port)

    def _write(self, services: Mapping[str, Mapping[str, Any]]) -> None:
        entries = {
            service: {
                "address": entry["address"],
                "ports": {
                    str(port): self._assigned[service, port]
                    for port in entry["ports"]
                    if (service, entry["address"], port) in self._forwarders
                },
            }
            for service, entry in sorted(services.items())
        }
        document = {
            "name": self._layout.name,
            "kubeconfig": str(self._layout.kubeconfig),
            "api": f"https://127.0.0.1:{self._first_port}",
            "services": entries,
        }
        write_atomically(self._layout.endpoints, json.dumps(document, indent=2) + "\n")
