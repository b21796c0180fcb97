# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server in memory behind the interface of Api, and one on loopback that answers what a test tells it."""

from __future__ import annotations

import copy
import itertools
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.api import Api
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.errors import ApiError
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.objects import KubeObject, ObjectKey, key_of

Object = dict[str, Any]


class MemoryApi(Api):
    """Objects in memory, with what the collection relies on: versions, uids, label selectors, dry runs, conflicts.

    ``calls`` are the verbs and objects of all writes, dry runs included, in order. ``before`` may be set to a function
    that is called with verb and object before each write, to change the cluster or to fail.
    """

    def __init__(self, *objects: Object, unserved: Iterable[str] = ()) -> None:
        self._counter = itertools.count(1)
        self._lock = threading.RLock()
        self._unserved = frozenset(unserved)
        self.objects: dict[ObjectKey, Object] = {}
        self.calls: list[tuple[str, ObjectKey]] = []
        self.texts: dict[str, str] = {}
        self.answers: dict[str, Any] = {}
        self.before: Callable[[str, ObjectKey], None] | None = None
        for obj in objects:
            self.put(obj)

    def put(self, obj: Object) -> Object:
        """Store ``obj`` as somebody else would."""
        key, number = key_of(obj), next(self._counter)
        stored = copy.deepcopy(obj)
        known = self.objects.get(key)
        stored["metadata"]["uid"] = known["metadata"]["uid"] if known else f"uid-{number}"
        stored["metadata"]["resourceVersion"] = str(number)
        self.objects[key] = stored
        return copy.deepcopy(stored)

    def get(self, kind: str, namespace: str, name: str) -> KubeObject | None:
        return copy.deepcopy(self.objects.get(ObjectKey(kind, namespace, name)))

    def list(self, kind: str, namespace: str = "", labels: str = "") -> list[KubeObject]:
        return [
            copy.deepcopy(obj)
            for key, obj in sorted(self.objects.items())
            if key.kind == kind and namespace in ("", key.namespace) and _selected(obj, labels)
        ]

    def apply(self, obj: KubeObject, *, dry_run: bool = False) -> KubeObject:
        with self._lock:
            key = self._write("apply", obj)
            known = copy.deepcopy(self.objects.get(key, {}))
            merged = {**known, **copy.deepcopy(obj)}
            for field in ("labels", "annotations"):
                theirs = known.get("metadata", {}).get(field, {})
                merged["metadata"][field] = {**theirs, **obj["metadata"].get(field, {})}
            return merged if dry_run else self.put(merged)

    def create(self, obj: KubeObject) -> KubeObject:
        with self._lock:
            key = self._write("create", obj)
            if key in self.objects:
                raise refused(409, "AlreadyExists")
            return self.put(obj)

    def replace(self, obj: KubeObject) -> KubeObject:
        with self._lock:
            key = self._write("replace", obj)
            known = self.objects.get(key)
            if known is None:
                raise refused(404, "NotFound")
            if obj["metadata"].get("resourceVersion") != known["metadata"]["resourceVersion"]:
                raise refused(409, "Conflict")
            return self.put(obj)

    def delete(self, obj: KubeObject, *, dry_run: bool = False) -> bool:
        with self._lock:
            key = self._write("delete", obj)
            known = self.objects.get(key)
            if known is None or known["metadata"]["uid"] != obj["metadata"]["uid"]:
                return False
            if not dry_run:
                del self.objects[key]
            return True

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.answers[path](body)
        return found

    def read(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = self.answers[path]
        return found

    def text(self, path: str) -> str:
        if path not in self.texts:
            raise refused(404, "NotFound")
        return self.texts[path]

    def _write(self, verb: str, obj: KubeObject) -> ObjectKey:
        key = key_of(obj)
        self.calls.append((verb, key))
        if self.before:
            self.before(verb, key)
        if key.kind in self._unserved:
            raise refused(404, "NotFound")
        return key


def refused(status: int, reason: str = "", message: str = "") -> ApiError:
    """Return the error of a call that an API server refuses."""
    body = {"kind": "Status", "reason": reason, "message": message or reason, "code": status}
    return ApiError("VERB", "/path", status, json.dumps(body).encode())


def _selected(obj: Object, labels: str) -> bool:
    """Understand ``a=b,c in (d,e)``, which is all that the collection asks for."""
    own = obj["metadata"].get("labels", {})
    plain, _, names = labels.partition(" in (")
    terms = plain.split(",")
    listed = terms.pop() if names else ""
    if names and own.get(listed) not in names.rstrip(")").split(","):
        return False
    return all(own.get(name) == value for name, _, value in (term.partition("=") for term in terms if term))


class Loopback:
    """An API server on loopback: ``answers`` are given one after the other, the last one again and again.

    An answer is a status and a JSON body, or None for a connection that breaks. ``requests`` are what was asked:
    method, path with query, headers, body.
    """

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any] | None] = []
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append((self.command, self.path, headers, self.rfile.read(length)))
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                if answer is None:
                    self.close_connection = True
                    return
                status, body = answer
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - names of the base class

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(name="loopback")
def fixture_loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()
