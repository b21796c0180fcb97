# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Startup, readiness and liveness probes of one run of a container."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from sandbox.agent import probe_client
from sandbox.agent.probe_client import CheckError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_FIRST_READINESS_PERIOD: Final = 1.0


class Checker:
    """Asks what a probe or hook says: over the network at the Pod's address, or by a command in the container."""

    def __init__(
        self, container: dict[str, Any], address: str, execute: Callable[[list[str]], Awaitable[tuple[int, str]]]
    ) -> None:
        """`execute` runs a command in the container and returns its exit code and the end of its output."""
        self._container = container
        self._address = address
        self._execute = execute

    def _port(self, port: int | str) -> int:
        if isinstance(port, int) or port.isdigit():
            return int(port)
        for declared in self._container.get("ports") or []:
            if declared.get("name") == port:
                return int(declared["containerPort"])
        raise CheckError(f"the container has no port named {port!r}")

    async def check(self, handler: dict[str, Any]) -> None:
        """Raises CheckError or OSError when the answer is no."""
        if handler.get("httpGet"):
            get = handler["httpGet"]
            headers = [(item["name"], item["value"]) for item in get.get("httpHeaders") or []]
            await probe_client.http_get(
                get.get("host") or self._address,
                self._port(get["port"]),
                get.get("path") or "/",
                tls=get.get("scheme") == "HTTPS",
                headers=headers,
            )
        elif handler.get("tcpSocket"):
            socket = handler["tcpSocket"]
            await probe_client.tcp(socket.get("host") or self._address, self._port(socket["port"]))
        elif handler.get("grpc"):
            grpc = handler["grpc"]
            await probe_client.grpc_health(self._address, self._port(grpc["port"]), grpc.get("service") or "")
        elif handler.get("exec"):
            code, output = await self._execute(handler["exec"]["command"])
            if code:
                raise CheckError(f"command ended with exit code {code}: {output}")
        elif handler.get("sleep"):
            await asyncio.sleep(handler["sleep"]["seconds"])


class Probe:
    """One probe: when to ask, and what so many equal answers in a row mean."""

    def __init__(self, spec: dict[str, Any], checker: Checker, started: float) -> None:
        """`started` is when the container started, in monotonic seconds."""
        self._spec = spec
        self._checker = checker
        self._first = started + spec.get("initialDelaySeconds", 0)
        self.period: float = spec.get("periodSeconds") or 10
        self._timeout: float = spec.get("timeoutSeconds") or 1
        self._needed = {True: spec.get("successThreshold") or 1, False: spec.get("failureThreshold") or 3}
        self._run: tuple[bool, int] = (False, 0)
        self.problem = ""

    async def first(self) -> None:
        """Wait until the first question is due."""
        await asyncio.sleep(max(0.0, self._first - time.monotonic()))

    async def ask(self) -> tuple[bool, bool]:
        """Ask once: the answer, and whether it has been the same often enough to count."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._checker.check(self._spec)
            answer = True
        except TimeoutError:
            answer, self.problem = False, f"no answer within {self._timeout:g} s"
        except (CheckError, OSError) as error:
            answer, self.problem = False, str(error)
        self._run = (answer, self._run[1] + 1 if self._run[0] is answer else 1)
        return answer, self._run[1] >= self._needed[answer]


async def until_started(probe: Probe, report: Callable[[str], None]) -> bool:
    """Ask a startup probe until it is content (True) or has failed too often (False)."""
    await probe.first()
    while True:
        answer, settled = await probe.ask()
        if not answer:
            report(probe.problem)
        if settled:
            return answer
        await asyncio.sleep(probe.period)


async def until_dead(probe: Probe, report: Callable[[str], None]) -> None:
    """Ask a liveness probe until it has failed too often."""
    await probe.first()
    while True:
        answer, settled = await probe.ask()
        if not answer:
            report(probe.problem)
            if settled:
                return
        await asyncio.sleep(probe.period)


async def follow_readiness(probe: Probe, change: Callable[[bool], None], report: Callable[[str], None]) -> None:
    """Ask a readiness probe for ever and call `change` when the container becomes ready or unready."""
    await probe.first()
    ready = ever_ready = False
    while True:
        answer, settled = await probe.ask()
        if not answer:
            report(probe.problem)
        if settled and answer != ready:
            ready = answer
            ever_ready = ever_ready or ready
            change(ready)
        # Until the first success failures decide nothing, so asking more often only saves waiting.
        await asyncio.sleep(probe.period if ever_ready else min(probe.period, _FIRST_READINESS_PERIOD))
