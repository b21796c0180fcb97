# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's client of the API server."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"
_JSON: Final = "application/json"
_METADATA_ONLY: Final = {
    False: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    True: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
}
_REQUEST_SECONDS: Final = 15.0
_WATCH_SECONDS: Final = 300
_WATCH_SLACK_SECONDS: Final = 30.0
_CONNECTIONS: Final = 64


class ApiError(Exception):
    """The API server refused; `status` is the HTTP status, `reason` that of the Status object."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason


# What a request can fail with besides ApiError: no connection, a connection that broke, no answer in time.
NO_ANSWER: Final = (aiohttp.ClientError, OSError, TimeoutError)


def path_of(
    resource: str, namespace: str | None = None, name: str | None = None, subresource: str | None = None
) -> str:
    """The path of a resource, given as `v1/pods` or `coordination.k8s.io/v1/leases`."""
    group_version, _, plural = resource.rpartition("/")
    root = f"/api/{group_version}" if "/" not in group_version else f"/apis/{group_version}"
    parts = [root]
    if namespace is not None:
        parts.append(f"namespaces/{namespace}")
    parts.append(plural)
    parts += [part for part in (name, subresource) if part is not None]
    return "/".join(parts)


class Api:
    """Requests and watches; use as an asynchronous context manager."""

    def __init__(self, server: str, pki: Path, identity: str) -> None:
        tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        tls.load_cert_chain(pki / f"{identity}.crt", pki / f"{identity}.key")
        self._session = aiohttp.ClientSession(
            base_url=server,
            connector=aiohttp.TCPConnector(ssl=tls, limit=_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS),
        )

    async def __aenter__(self) -> Api:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def request(
        self, method: str, path: str, body: Any = None, *, content_type: str = _JSON, accept: str = _JSON
    ) -> dict[str, Any]:
        """The JSON answer of one request; raises ApiError, or one of NO_ANSWER."""
        headers = {"Accept": accept, "Content-Type": content_type}
        data = None if body is None else json.dumps(body).encode()
        async with self._session.request(method, path, data=data, headers=headers) as response:
            return await _checked(response)

    async def get(self, path: str) -> dict[str, Any]:
        """GET."""
        return await self.request("GET", path)

    async def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST."""
        return await self.request("POST", path, body)

    async def patch(self, path: str, body: Mapping[str, Any], content_type: str = MERGE_PATCH) -> dict[str, Any]:
        """PATCH."""
        return await self.request("PATCH", path, body, content_type=content_type)

    async def delete(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """DELETE with DeleteOptions."""
        return await self.request("DELETE", path, body)

    async def list(self, path: str, query: str, *, metadata_only: bool) -> dict[str, Any]:
        """A list; with `metadata_only` its items have no more than that."""
        accept = _METADATA_ONLY[False] if metadata_only else _JSON
        return await self.request("GET", f"{path}?{query}", accept=accept)

    async def watch(self, path: str, query: str, version: str, *, metadata_only: bool) -> AsyncIterator[dict[str, Any]]:
        """Events after a resource version, bookmarks too, until the server ends the watch."""
        accept = _METADATA_ONLY[True] if metadata_only else _JSON
        target = (
            f"{path}?watch=1&allowWatchBookmarks=true&timeoutSeconds={_WATCH_SECONDS}&resourceVersion={version}&{query}"
        )
        timeout = aiohttp.ClientTimeout(total=None, sock_read=_WATCH_SECONDS + _WATCH_SLACK_SECONDS)
        async with self._session.get(target, headers={"Accept": accept}, timeout=timeout) as response:
            if response.status != 200:
                await _checked(response)
            received = b""
            async for chunk in response.content.iter_any():
                *lines, received = (received + chunk).split(b"\n")
                for line in lines:
                    yield json.loads(line)


async def _checked(response: aiohttp.ClientResponse) -> dict[str, Any]:
    text = await response.text()
    try:
        document: dict[str, Any] = json.loads(text)
    except ValueError:
        raise ApiError(response.status, response.reason or "", text[:500]) from None
    if response.status >= 400:
        raise ApiError(response.status, document.get("reason", ""), document.get("message", text[:500]))
    return document
