# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of LoadBalancer Services; kube-proxy does the rest. The keeper opens loopback ports for them."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from sandbox.agent.addresses import AddressPool, NoAddressError
from sandbox.agent.api import NO_ANSWER, ApiError, path_of
from sandbox.agent.informer import Informer, key_of
from sandbox.agent.retry import GrowingDelay
from sandbox.agent.waiting import Pulse
from sandbox.layout import LOAD_BALANCER_PREFIX

if TYPE_CHECKING:
    import socket

    from sandbox.agent.api import Api
    from sandbox.agent.informer import Key

_log = logging.getLogger(__name__)


def addresses_of(service: dict[str, Any]) -> list[str]:
    """The addresses in a Service's status."""
    ingress = (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or []
    return [item["ip"] for item in ingress if item.get("ip")]


def is_ours(service: dict[str, Any]) -> bool:
    """Whether it is a LoadBalancer that no other controller has been asked to serve."""
    spec = service["spec"]
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass")


def load_balancer_status(service: dict[str, Any], address: str) -> dict[str, Any]:
    """The status of a Service that has this address."""
    ports = [
        {"port": port["port"], "protocol": port.get("protocol", "TCP")} for port in service["spec"].get("ports") or []
    ]
    return {"ingress": [{"ip": address, "ipMode": "VIP", "ports": ports}]}


class LoadBalancers:
    """Gives addresses, takes them back, and tells the keeper."""

    def __init__(self, api: Api, services: Informer, keeper: socket.socket) -> None:
        self._api = api
        self._services = services
        self._keeper = keeper
        self._pool = AddressPool(f"{LOAD_BALANCER_PREFIX}1", f"{LOAD_BALANCER_PREFIX}254")
        self._given: dict[Key, str] = {}
        self._pulse = Pulse()

    async def run(self) -> None:
        """Follow the Services for ever."""
        await self._services.synced.wait()
        for key, service in self._services.items.items():
            # Services that have an address keep it, before any other gets one.
            for address in addresses_of(service) if is_ours(service) else []:
                if address in self._pool:
                    self._given[key] = self._pool.take(address)
        self._services.subscribe(lambda _old, _new: self._pulse.beat())
        told = None
        delay = GrowingDelay()
        while True:
            version = self._pulse.version
            complete = await self._assign()
            described = self._described()
            if described != told:
                message = json.dumps({"services": described}).encode()
                await asyncio.get_running_loop().sock_sendall(self._keeper, message)
                told = described
            if complete:
                delay.succeeded()
                await self._pulse.after(version)
            else:
                await asyncio.sleep(delay.next())

    def _described(self) -> dict[str, Any]:
        """What the keeper needs to know: address and TCP ports by NAMESPACE/NAME."""
        return {
            "/".join(key): {
                "address": self._given[key],
                "ports": [
                    port["port"]
                    for port in self._services.items[key]["spec"].get("ports") or []
                    if port.get("protocol", "TCP") == "TCP"
                ],
            }
            for key in sorted(self._given)
            if key in self._services.items
        }

    async def _assign(self) -> bool:
        """Bring addresses and statuses in line with the Services; False when something has to be tried again."""
        items = self._services.items
        for key in [key for key in self._given if key not in items or not is_ours(items[key])]:
            self._pool.give_back(self._given.pop(key))
        complete = True
        for key, service in list(items.items()):
            try:
                if is_ours(service):
                    await self._give(key, service)
                elif addresses_of(service) and not service["spec"].get("loadBalancerClass"):
                    await self._set_status(key, {})
            except (ApiError, NoAddressError, *NO_ANSWER) as error:
                if isinstance(error, ApiError) and error.status == 404:
                    continue
                _log.warning("load balancer %s/%s: %s", *key, error)
                complete = False
        return complete

    async def _give(self, key: Key, service: dict[str, Any]) -> None:
        if key not in self._given:
            self._given[key] = self._pool.take(service["spec"].get("loadBalancerIP"))
        wanted = load_balancer_status(service, self._given[key])
        if service.get("status", {}).get("loadBalancer") != wanted:
            await self._set_status(key, wanted)

    async def _set_status(self, key: Key, status: dict[str, Any]) -> None:
        ingress = status.get("ingress")
        changed = await self._api.patch(
            path_of("v1/services", *key, "status"), {"status": {"loadBalancer": {"ingress": ingress}}}
        )
        _log.info("load balancer %s/%s: %s", *key_of(changed), ", ".join(addresses_of(changed)) or "no address")
