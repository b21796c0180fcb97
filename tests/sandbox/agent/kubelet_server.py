# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet's endpoints that the API server uses for `kubectl logs`, `exec` and `port-forward`."""

from __future__ import annotations

import asyncio
import datetime
import http
import json
import logging
import ssl
from typing import TYPE_CHECKING, Final

from sandbox import layout
from sandbox.agent import exec_stream, log_reader, port_forward
from sandbox.agent.exec_stream import Streams
from sandbox.agent.http_server import Exchange, RequestError, serve_connection
from sandbox.agent.log_reader import Options
from sandbox.agent.port_forward import PortForward
from sandbox.agent.websocket import WebSocket, is_upgrade

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.agent.container import Container
    from sandbox.agent.pod_manager import PodManager
    from sandbox.agent.pod_worker import PodWorker

_NOT_FOUND: Final = http.HTTPStatus.NOT_FOUND

_log = logging.getLogger(__name__)


class KubeletServer:
    """Serves the API server, which shows a client certificate of the sandbox's authority."""

    def __init__(self, pods: PodManager, pki: Path) -> None:
        self._pods = pods
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(pki / "kubelet.crt", pki / "kubelet.key")
        self._tls.verify_mode = ssl.CERT_REQUIRED
        self._tls.load_verify_locations(pki / "ca.crt")

    async def run(self) -> None:
        """Serve for ever."""
        server = await asyncio.start_server(self._connection, layout.NODE_ADDRESS, layout.KUBELET_PORT, ssl=self._tls)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve_connection(reader, writer, self._handle)
        except (OSError, EOFError) as error:
            _log.debug("connection of the API server: %s", error)

    async def _handle(self, exchange: Exchange) -> None:
        match exchange.request.path.strip("/").split("/"):
            case ["healthz"]:
                exchange.respond(http.HTTPStatus.OK, "ok")
            case ["pods"]:
                items = list(self._pods.informer.items.values())
                document = {"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": items}
                exchange.respond(http.HTTPStatus.OK, json.dumps(document), "application/json")
            case ["containerLogs", namespace, pod, container]:
                await self._logs(exchange, self._pod(namespace, pod), container)
            case ["exec", namespace, pod, *uid, container] if len(uid) < 2:
                await self._exec(exchange, _container(self._pod(namespace, pod), container))
            case ["portForward", namespace, pod, *uid] if len(uid) < 2:
                await self._port_forward(exchange, self._pod(namespace, pod))
            case _:
                raise RequestError(_NOT_FOUND, f"the sandbox's kubelet does not serve {exchange.request.path}")

    def _pod(self, namespace: str, name: str) -> PodWorker:
        worker = self._pods.find(namespace, name)
        if worker is None:
            raise RequestError(_NOT_FOUND, f"pod {namespace}/{name} is not on this node")
        return worker

    async def _logs(self, exchange: Exchange, pod: PodWorker, name: str) -> None:
        container = _container(pod, name)
        options = Options.of(exchange.request, datetime.datetime.now(datetime.UTC))
        run = container.current
        if exchange.request.flag("previous"):
            path, run = pod.resources.log_path(name, container.restarts - 1), None
            if not path.exists():
                raise RequestError(
                    http.HTTPStatus.BAD_REQUEST,
                    f'previous terminated container "{name}" in pod "{pod.key[1]}" not found',
                )
        else:
            path = pod.resources.log_path(name, container.restarts)
            if not path.exists():  # waiting to be started again: the last run is what there is to see
                path, run = pod.resources.log_path(name, container.restarts - 1), None
            if not path.exists():
                raise RequestError(
                    http.HTTPStatus.BAD_REQUEST,
                    f'container "{name}" in pod "{pod.key[1]}" is waiting to start: {container.waiting_reason}',
                )
        await log_reader.send(exchange, None if run is None else run.log, path, options)

    async def _exec(self, exchange: Exchange, container: Container) -> None:
        request = exchange.request
        run = container.current
        command = request.query.get("command", [])
        if run is None:
            raise RequestError(http.HTTPStatus.INTERNAL_SERVER_ERROR, f"container {container.name} does not run")
        if not is_upgrade(request.headers):
            raise RequestError(http.HTTPStatus.BAD_REQUEST, "exec is served over WebSocket only")
        websocket, _ = WebSocket.accept(exchange, exec_stream.PROTOCOLS)
        streams = Streams(
            stdin=request.flag("input") or request.flag("stdin"),
            terminal=request.flag("tty") or request.flag("terminal"),
        )
        await exec_stream.serve(websocket, streams, lambda: run.execute(command, streams))

    async def _port_forward(self, exchange: Exchange, pod: PodWorker) -> None:
        if pod.resources.network is None:
            raise RequestError(http.HTTPStatus.INTERNAL_SERVER_ERROR, f"pod {pod.key[1]} does not run")
        carrier: port_forward.Carrier
        if is_upgrade(exchange.request.headers):
            carrier, _ = WebSocket.accept(exchange, (port_forward.TUNNEL_PROTOCOL,))
        else:
            carrier = port_forward.PlainCarrier(exchange)
        await PortForward(carrier, pod.resources.network.namespaces["net"]).run()


def _container(pod: PodWorker, name: str) -> Container:
    for container in pod.containers:
        if container.name == name:
            return container
    raise RequestError(_NOT_FOUND, f"container {name} is not in pod {pod.key[1]}")
