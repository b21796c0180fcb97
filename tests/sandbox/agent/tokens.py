# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service account tokens of Pods, renewed before they expire."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sandbox.agent.api import path_of

if TYPE_CHECKING:
    from sandbox.agent.api import Api

_DEFAULT_SECONDS: Final = 3600
# A kubelet asks for a new token when 80 % of the time is over.
_USABLE_SHARE: Final = 0.8


@dataclass(slots=True)
class Tokens:
    """The tokens of one Pod, by audience."""

    api: Api
    pod: dict[str, Any]
    _cache: dict[tuple[str, int], tuple[bytes, float]] = field(default_factory=dict)

    async def get(self, source: dict[str, Any]) -> bytes:
        """The token for a serviceAccountToken source; raises ApiError, or one of NO_ANSWER."""
        audience, seconds = source.get("audience") or "", source.get("expirationSeconds") or _DEFAULT_SECONDS
        cached = self._cache.get((audience, seconds))
        if cached is not None and time.monotonic() < cached[1]:
            return cached[0]
        metadata = self.pod["metadata"]
        answer = await self.api.create(
            path_of(
                "v1/serviceaccounts",
                metadata["namespace"],
                self.pod["spec"].get("serviceAccountName", "default"),
                "token",
            ),
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {
                    "audiences": [audience] if audience else None,
                    "expirationSeconds": seconds,
                    "boundObjectRef": {
                        "apiVersion": "v1",
                        "kind": "Pod",
                        "name": metadata["name"],
                        "uid": metadata["uid"],
                    },
                },
            },
        )
        token: bytes = answer["status"]["token"].encode()
        self._cache[audience, seconds] = (token, time.monotonic() + seconds * _USABLE_SHARE)
        return token

    def next_renewal(self) -> float | None:
        """When (monotonic seconds) the first token has to be renewed; None without tokens."""
        return min((until for _, until in self._cache.values()), default=None)
