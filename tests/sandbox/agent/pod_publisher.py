# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a Pod's status to the API server, and in the end the news that the Pod is gone."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from sandbox.agent.api import NO_ANSWER, STRATEGIC_MERGE_PATCH, ApiError, path_of
from sandbox.agent.retry import GrowingDelay

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.agent.api import Api
    from sandbox.agent.informer import Key
    from sandbox.agent.waiting import Pulse

# Not there, or another Pod of that name.
_GONE: Final = (404, 409)
_CONCLUDING_ATTEMPTS: Final = 60

_log = logging.getLogger(__name__)


class PodPublisher:
    """Sends the status of one Pod when it differs from what was sent before."""

    def __init__(self, api: Api, key: Key, uid: str) -> None:
        self._api = api
        self._key = key
        self._uid = uid
        self._published: dict[str, Any] | None = None

    async def follow(self, pulse: Pulse, compute: Callable[[], dict[str, Any]]) -> None:
        """Send the status now and after every beat, until the Pod is gone."""
        delay = GrowingDelay()
        version = -1
        while True:
            await pulse.after(version)
            version = pulse.version
            try:
                await self._send(compute())
            except (ApiError, *NO_ANSWER) as error:
                if _says_gone(error):
                    return
                _log.warning("%s/%s: status: %s", *self._key, error)
                version = -1
                await asyncio.sleep(delay.next())
            else:
                delay.succeeded()

    async def conclude(self, status: dict[str, Any] | None, *, remove: bool) -> None:
        """Send the last status (None: it is there already), and remove the Pod if its deletion was asked for."""
        delay = GrowingDelay()
        for _ in range(_CONCLUDING_ATTEMPTS):
            try:
                if status is not None:
                    await self._send(status)
                if remove:
                    await self._remove()
            except (ApiError, *NO_ANSWER) as error:
                if _says_gone(error):
                    return
                _log.warning("%s/%s: %s", *self._key, error)
                await asyncio.sleep(delay.next())
            else:
                return

    async def _send(self, status: dict[str, Any]) -> None:
        if status == self._published:
            return
        body = {"metadata": {"uid": self._uid}, "status": status}
        await self._api.patch(path_of("v1/pods", *self._key, "status"), body, STRATEGIC_MERGE_PATCH)
        self._published = status

    async def _remove(self) -> None:
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": self._uid},
        }
        await self._api.delete(path_of("v1/pods", *self._key), options)


def _says_gone(error: BaseException) -> bool:
    return isinstance(error, ApiError) and error.status in _GONE
