# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ConfigMaps and Secrets that Pods refer to.

Only their metadata is followed; content is read when a Pod needs it and kept until it changes. So the agent does not
hold every Secret of the cluster, and a Pod's files change within milliseconds of the object.
"""

from __future__ import annotations

import base64
import functools
from typing import TYPE_CHECKING, Any, Final

from sandbox.agent.api import ApiError, path_of
from sandbox.agent.informer import Informer, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.agent.api import Api

CONFIG_MAP: Final = "configmaps"
SECRET: Final = "secrets"
_KIND_NAMES: Final = {CONFIG_MAP: "ConfigMap", SECRET: "Secret"}

Reference = tuple[str, str, str]
"""Kind (plural), namespace, name."""


class MissingError(Exception):
    """Something a Pod refers to does not exist (yet); the text names it."""


def content_of(kind: str, item: dict[str, Any]) -> dict[str, bytes]:
    """The keys of a ConfigMap or Secret."""
    plain = item.get("data") or {}
    encoded = item.get("binaryData") or {}
    if kind == SECRET:
        return {key: base64.b64decode(value) for key, value in plain.items()}
    return {key: value.encode() for key, value in plain.items()} | {
        key: base64.b64decode(value) for key, value in encoded.items()
    }


class Configuration:
    """Reads ConfigMaps and Secrets, and tells which have changed."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._cache: dict[Reference, dict[str, bytes]] = {}
        self._listeners: list[Callable[[Reference], None]] = []
        self.informers = {
            kind: Informer(api, path_of(f"v1/{kind}"), metadata_only=True) for kind in (CONFIG_MAP, SECRET)
        }
        for kind, informer in self.informers.items():
            informer.subscribe(functools.partial(self._changed, kind))

    def subscribe(self, listener: Callable[[Reference], None]) -> None:
        """Call a listener with every object that appears, changes or goes."""
        self._listeners.append(listener)

    def _changed(self, kind: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        reference = (kind, *key_of(new or old or {}))
        self._cache.pop(reference, None)
        for listener in self._listeners:
            listener(reference)

    async def synced(self) -> None:
        """Wait until what exists is known."""
        for informer in self.informers.values():
            await informer.synced.wait()

    async def read(self, reference: Reference, *, optional: bool = False) -> dict[str, bytes] | None:
        """The keys; None for an absent one that is optional. Raises MissingError, ApiError, or one of NO_ANSWER."""
        cached = self._cache.get(reference)
        if cached is not None:
            return cached
        kind, namespace, name = reference
        try:
            item = await self._api.get(path_of(f"v1/{kind}", namespace, name))
        except ApiError as error:
            if error.status != 404:
                raise
            if optional:
                return None
            raise MissingError(f"{_KIND_NAMES[kind]} {namespace}/{name} does not exist") from error
        content = content_of(kind, item)
        known = self.informers[kind].items.get((namespace, name))
        # Kept only when a later change is sure to be noticed.
        if known is not None and known["metadata"]["resourceVersion"] == item["metadata"]["resourceVersion"]:
            self._cache[reference] = content
        return content
