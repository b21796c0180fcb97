# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events about Pods, as `kubectl describe` shows them."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sandbox import layout
from sandbox.agent.api import NO_ANSWER, ApiError, path_of

if TYPE_CHECKING:
    from sandbox.agent.api import Api

_QUEUE_LENGTH: Final = 1000
_REMEMBERED: Final = 1000

_log = logging.getLogger(__name__)


def timestamp(when: datetime.datetime | None = None) -> str:
    """A time (now by default) as the API writes it: RFC 3339, whole seconds, UTC."""
    return (when or datetime.datetime.now(datetime.UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class _Seen:
    name: str
    count: int = 1
    first: str = field(default_factory=timestamp)


class EventRecorder:
    """Sends events one after the other; the same one again only raises its count. Nothing waits for it."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._queue: asyncio.Queue[tuple[dict[str, Any], str, str, str]] = asyncio.Queue(_QUEUE_LENGTH)
        self._seen: OrderedDict[tuple[str, str, str], _Seen] = OrderedDict()

    def normal(self, pod: dict[str, Any], reason: str, message: str) -> None:
        """Something happened as it should."""
        self._put(pod, "Normal", reason, message)

    def warning(self, pod: dict[str, Any], reason: str, message: str) -> None:
        """Something is wrong with a Pod; it goes into the agent's log too."""
        metadata = pod["metadata"]
        _log.info("%s/%s: %s: %s", metadata["namespace"], metadata["name"], reason, message)
        self._put(pod, "Warning", reason, message)

    def _put(self, pod: dict[str, Any], kind: str, reason: str, message: str) -> None:
        try:
            self._queue.put_nowait((pod, kind, reason, message))
        except asyncio.QueueFull:
            _log.warning("too many events; dropped %s: %s", reason, message)

    async def run(self) -> None:
        """Send for ever."""
        while True:
            pod, kind, reason, message = await self._queue.get()
            try:
                await self._send(pod, kind, reason, message)
            except (ApiError, *NO_ANSWER) as error:  # a namespace that is going away takes no events
                _log.debug("event %s was not taken: %s", reason, error)

    async def _send(self, pod: dict[str, Any], kind: str, reason: str, message: str) -> None:
        metadata = pod["metadata"]
        key = (metadata["uid"], reason, message)
        seen = self._seen.get(key)
        if seen is not None:
            seen.count += 1
            change = {"count": seen.count, "lastTimestamp": timestamp()}
            await self._api.patch(path_of("v1/events", metadata["namespace"], seen.name), change)
            return
        digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:16]
        seen = _Seen(name=f"{metadata['name'][:200]}.{digest}")
        await self._api.create(
            path_of("v1/events", metadata["namespace"]), _event(metadata, kind, reason, message, seen)
        )
        self._seen[key] = seen
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


def _event(metadata: dict[str, Any], kind: str, reason: str, message: str, seen: _Seen) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": seen.name, "namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
        "type": kind,
        "reason": reason,
        "message": message[:1024],
        "source": {"component": "kubelet", "host": layout.NODE_NAME},
        "firstTimestamp": seen.first,
        "lastTimestamp": seen.first,
        "count": 1,
    }
