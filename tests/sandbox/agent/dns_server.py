# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's name server, over UDP and TCP."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any, Final, cast

from sandbox.agent.dns_zone import Zone, answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.agent.informer import Informer

_PORT: Final = 53
_IDLE_SECONDS: Final = 10.0
_SERVICE_LABEL: Final = "kubernetes.io/service-name"


class ClusterNames:
    """Indexes of Services and EndpointSlices that the zone asks."""

    def __init__(self, services: Informer, slices: Informer) -> None:
        self._services = services
        self._by_address: dict[str, dict[str, Any]] = {}
        self._slices: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        services.subscribe(self._service_changed)
        slices.subscribe(self._slice_changed)

    def _service_changed(self, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        if old is not None:
            self._by_address.pop(old["spec"].get("clusterIP", ""), None)
        if new is not None:
            self._by_address[new["spec"].get("clusterIP", "")] = new

    def _slice_changed(self, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        for item in (old, new):
            if item is None:
                continue
            metadata = item["metadata"]
            of_service = self._slices.setdefault(
                (metadata["namespace"], (metadata.get("labels") or {}).get(_SERVICE_LABEL, "")), {}
            )
            if item is new:
                of_service[metadata["name"]] = item
            else:
                of_service.pop(metadata["name"], None)

    def service(self, namespace: str, name: str) -> dict[str, Any] | None:
        """A Service by name."""
        return self._services.items.get((namespace, name))

    def service_at(self, address: str) -> dict[str, Any] | None:
        """A Service by ClusterIP."""
        return self._by_address.get(address)

    def slices(self, namespace: str, service: str) -> Iterable[dict[str, Any]]:
        """The EndpointSlices of a Service."""
        return self._slices.get((namespace, service), {}).values()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        response = answer(self._zone, data, over_udp=True)
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)


async def _serve_tcp(zone: Zone, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Messages with their lengths in front (RFC 1035 4.2.2), several on one connection."""
    try:
        while True:
            async with asyncio.timeout(_IDLE_SECONDS):
                (length,) = struct.unpack(">H", await reader.readexactly(2))
                message = await reader.readexactly(length)
            response = answer(zone, message, over_udp=False)
            if response is None:
                return
            writer.write(struct.pack(">H", len(response)) + response)
            await writer.drain()
    except (OSError, EOFError):  # the client is done, or slow
        return
    finally:
        writer.close()


async def serve(address: str, names: ClusterNames) -> None:
    """Serve for ever."""
    zone = Zone(service=names.service, slices=names.slices, service_at=names.service_at)
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Udp(zone), local_addr=(address, _PORT))
    server = await asyncio.start_server(lambda reader, writer: _serve_tcp(zone, reader, writer), address, _PORT)
    async with server:
        await server.serve_forever()
