# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local copy of a list of objects that follows the API server."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from sandbox.agent.api import NO_ANSWER, ApiError
from sandbox.agent.retry import GrowingDelay

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.agent.api import Api

_STEADY_SECONDS: Final = 10.0

_log = logging.getLogger(__name__)

Key = tuple[str, str]


def key_of(item: dict[str, Any]) -> Key:
    """Namespace (empty for none) and name."""
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


class Informer:
    """Lists, then watches, and starts again with a growing delay when that breaks.

    Handlers get the old and the new object, None where there is none; they are called in order and must not await.
    """

    def __init__(self, api: Api, path: str, query: str = "", *, metadata_only: bool = False) -> None:
        self._api = api
        self._path = path
        self._query = query
        self._metadata_only = metadata_only
        self._handlers: list[Callable[[dict[str, Any] | None, dict[str, Any] | None], None]] = []
        self.items: dict[Key, dict[str, Any]] = {}
        self.synced = asyncio.Event()

    def subscribe(self, handler: Callable[[dict[str, Any] | None, dict[str, Any] | None], None]) -> None:
        """Call a handler for every change from now on, and for every object that is there already."""
        self._handlers.append(handler)
        for item in self.items.values():
            handler(None, item)

    async def run(self) -> None:
        """Follow for ever."""
        delay = GrowingDelay()
        while True:
            try:
                version = await self._list()
                self.synced.set()
                started = time.monotonic()
                while True:
                    version = await self._watch(version)
                    if time.monotonic() - started < _STEADY_SECONDS:
                        break  # the server ends watches at once: it is going away
                    delay.succeeded()
            except (ApiError, *NO_ANSWER) as error:
                _log.warning("%s: %s; listing again soon", self._path, error)
            await asyncio.sleep(delay.next())

    async def _list(self) -> str:
        answer = await self._api.list(self._path, self._query, metadata_only=self._metadata_only)
        found = {key_of(item): item for item in answer["items"] or []}
        for key in self.items.keys() - found.keys():
            self._put(key, None)
        for key, item in found.items():
            known = self.items.get(key)
            if known is None or known["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
                self._put(key, item)
        version: str = answer["metadata"]["resourceVersion"]
        return version

    async def _watch(self, version: str) -> str:
        watch = self._api.watch(self._path, self._query, version, metadata_only=self._metadata_only)
        async for event in watch:
            item = event["object"]
            if event["type"] == "ERROR":
                raise ApiError(item.get("code", 0), item.get("reason", ""), item.get("message", ""))
            version = item["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                self._put(key_of(item), None if event["type"] == "DELETED" else item)
        return version

    def _put(self, key: Key, item: dict[str, Any] | None) -> None:
        known = self.items.get(key)
        if item is None:
            self.items.pop(key, None)
        else:
            self.items[key] = item
        # An object that was deleted and made again in between is two objects.
        if known is not None and item is not None and known["metadata"]["uid"] != item["metadata"]["uid"]:
            self._call(known, None)
            known = None
        if known is not None or item is not None:
            self._call(known, item)

    def _call(self, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        for handler in self._handlers:
            handler(old, new)
