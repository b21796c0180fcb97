# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to an API server, repeated within bounds when it is busy or away. PRIVATE to the collection."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from .._kube.digests import canonical_json
from .._kube.kinds import KINDS, Kind
from .._kube.objects import KubeObject
from .._kube.release import VERSION
from .connection import Connection, TransportError
from .errors import ApiError, UnreachableError

FIELD_MANAGER = "sealos-istio-migration"

_PAGE = 500
_FIRST_ERROR = 400
_USER_AGENT = f"{FIELD_MANAGER}/{VERSION}"
_BUSY = frozenset((429, 502, 503, 504))
_LONGEST_PAUSE = 5.0
_EXPIRED = 410


class Api:
    """One cluster. ``patience`` is for how many seconds a call is repeated while the server is busy or away."""

    def __init__(self, connection: Connection, patience: float = 60.0) -> None:
        self._connection = connection
        self._patience = patience

    def get(self, kind: str, namespace: str, name: str) -> KubeObject | None:
        """Return one object, None when it does not exist. Raises ApiError, UnreachableError."""
        try:
            return self._call("GET", KINDS[kind].path(namespace, name))
        except ApiError as error:
            if error.status == 404:  # noqa: PLR2004
                return None
            raise

    def list(self, kind: str, namespace: str = "", labels: str = "") -> list[KubeObject]:
        """Return all objects of a kind, of one namespace or of all, page by page.

        ``labels`` is a label selector. A kind that the cluster does not serve has no objects.
        Raises ApiError, UnreachableError.
        """
        for last_try in (False, True):
            try:
                return list(self._pages(KINDS[kind], namespace, labels))
            except ApiError as error:
                if error.status == 404:  # noqa: PLR2004
                    return []
                if error.status != _EXPIRED or last_try:
                    raise
        raise AssertionError("unreachable")

    def _pages(self, kind: Kind, namespace: str, labels: str) -> Iterator[KubeObject]:
        query: dict[str, Any] = {"limit": _PAGE, **({"labelSelector": labels} if labels else {})}
        while True:
            page = self._call("GET", kind.path(namespace), query)
            for item in page.get("items") or ():
                yield {"apiVersion": kind.api_version, "kind": kind.name, **item}
            query["continue"] = (page.get("metadata") or {}).get("continue")
            if not query["continue"]:
                return

    def apply(self, obj: KubeObject, *, dry_run: bool = False) -> KubeObject:
        """Write ``obj`` by server-side apply and return what the server holds then. Raises ApiError."""
        meta = obj["metadata"]
        path = KINDS[obj["kind"]].path(meta.get("namespace", ""), meta["name"])
        query = {"fieldManager": FIELD_MANAGER, "force": "true", **({"dryRun": "All"} if dry_run else {})}
        return self._call("PATCH", path, query, obj, "application/apply-patch+yaml")

    def create(self, obj: KubeObject) -> KubeObject:
        """Create ``obj``. Raises ApiError with status 409 when it exists."""
        kind = KINDS[obj["kind"]]
        return self._call("POST", kind.path(obj["metadata"].get("namespace", "")), {"fieldManager": FIELD_MANAGER}, obj)

    def replace(self, obj: KubeObject) -> KubeObject:
        """Replace ``obj``. Raises ApiError with status 409 when somebody else changed it meanwhile."""
        meta = obj["metadata"]
        path = KINDS[obj["kind"]].path(meta.get("namespace", ""), meta["name"])
        return self._call("PUT", path, {"fieldManager": FIELD_MANAGER}, obj)

    def delete(self, obj: KubeObject, *, dry_run: bool = False) -> bool:
        """Delete exactly this object (by uid) and tell whether it was there. Raises ApiError."""
        meta = obj["metadata"]
        path = KINDS[obj["kind"]].path(meta.get("namespace", ""), meta["name"])
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": meta["uid"]}}
        try:
            self._call("DELETE", path, {"dryRun": "All"} if dry_run else {}, options)
        except ApiError as error:
            if error.status in (404, 409):
                return False
            raise
        return True

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a review or another call that is no object of :data:`KINDS`."""
        return self._call("POST", path, {}, body)

    def read(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return any JSON that the server has at ``path``."""
        return self._call("GET", path, query)

    def text(self, path: str) -> str:
        """Return what the server, or a Pod behind its proxy, answers at ``path`` as text."""
        return self._send("GET", path, {}, None, "application/json").decode("utf-8", "replace")

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._send(method, path, query or {}, body, content_type))
        return answer

    def _send(
        self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None, content_type: str
    ) -> bytes:
        target = f"{self._connection.host}{path}" + (f"?{urlencode(query)}" if query else "")
        payload = None if body is None else canonical_json(body).encode()

        headers = {"Accept": "application/json", "Content-Type": content_type, "User-Agent": _USER_AGENT}

        def attempt() -> bytes:
            status, answer = self._connection.request(method, target, payload, headers)
            if status >= _FIRST_ERROR:
                raise ApiError(method, path, status, answer)
            return answer

        return _patiently(attempt, f"{method} {path}", self._connection.host, self._patience)


def _patiently(attempt: Callable[[], bytes], what: str, host: str, patience: float) -> bytes:
    """Return what ``attempt`` returns; repeat it with growing pauses while the server is busy, away or restarting."""
    deadline = time.monotonic() + patience
    pause = 0.1
    while True:
        try:
            return attempt()
        except ApiError as error:
            if error.status not in _BUSY and not error.is_webhook_failure:
                raise
            if time.monotonic() + pause > deadline:
                raise
        except TransportError as error:
            if time.monotonic() + pause > deadline:
                raise UnreachableError(
                    f"{host} did not answer {what} within {patience:.0f} s: {error}; "
                    "check that the cluster is reachable from here"
                ) from error
        # The pauses are spread out, so that many controllers do not come back at one moment.
        time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret depends on it
        pause = min(pause * 2, _LONGEST_PAUSE)
