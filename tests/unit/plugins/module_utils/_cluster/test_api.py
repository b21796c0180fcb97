# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to an API server that is busy, away, slow to page, or wrong: bounded, and one clear error each."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.api import Api
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.connection import connect
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.errors import (
    ApiError,
    UnreachableError,
)

from .conftest import Loopback

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "shop", "name": "cert", "uid": "u1"}}
OK = (200, {"kind": "Secret"})


def status(code: int, reason: str = "", message: str = "no") -> tuple[int, Any]:
    return code, {"kind": "Status", "reason": reason, "message": message, "code": code}


WEBHOOK = status(500, "InternalError", 'Internal error occurred: failed calling webhook "validation.istio.io": refused')


def api(loopback: Loopback, patience: float = 5.0, **options: Any) -> Api:
    return Api(connect({"host": loopback.url, "api_key": "token", **options}), patience)


def test_a_call_says_who_asks_and_what(loopback: Loopback) -> None:
    loopback.answers = [OK]
    assert api(loopback).get("Secret", "shop", "cert") == {"kind": "Secret"}
    ((method, path, headers, _),) = loopback.requests
    assert (method, path) == ("GET", "/api/v1/namespaces/shop/secrets/cert")
    assert headers["authorization"] == "Bearer token"
    assert headers["user-agent"].startswith("sealos-istio-migration/")


def test_an_identity_can_be_borrowed(loopback: Loopback) -> None:
    loopback.answers = [OK]
    api(loopback, impersonate_user="eve", impersonate_groups=["a", "b"]).get("Secret", "shop", "cert")
    headers = loopback.requests[0][2]
    assert headers["impersonate-user"] == "eve"
    assert "impersonate-group" in headers


@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(loopback: Loopback, code: int) -> None:
    loopback.answers = [status(code), status(code), OK]
    assert api(loopback).get("Secret", "shop", "cert") == {"kind": "Secret"}
    assert len(loopback.requests) == 3


def test_a_webhook_that_is_away_is_waited_for(loopback: Loopback) -> None:
    loopback.answers = [WEBHOOK, OK]
    assert api(loopback).apply(SECRET) == {"kind": "Secret"}
    assert len(loopback.requests) == 2


def test_a_broken_connection_is_tried_again(loopback: Loopback) -> None:
    loopback.answers = [None, OK]
    assert api(loopback).get("Secret", "shop", "cert") == {"kind": "Secret"}


def test_patience_ends_with_the_last_answer(loopback: Loopback) -> None:
    loopback.answers = [status(429, "TooManyRequests", "slow down")]
    begin = time.monotonic()
    with pytest.raises(ApiError, match="was answered 429 TooManyRequests: slow down"):
        api(loopback, 0.5).get("Secret", "shop", "cert")
    assert time.monotonic() - begin < 3
    assert len(loopback.requests) > 1


def test_a_webhook_that_stays_away_is_named_with_advice(loopback: Loopback) -> None:
    loopback.answers = [WEBHOOK]
    with pytest.raises(ApiError, match=r"failed calling webhook .* see that its Deployment is ready"):
        api(loopback, 0.2).apply(SECRET)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_server_that_is_away_is_one_error_within_the_patience() -> None:
    begin = time.monotonic()
    with pytest.raises(UnreachableError, match=r"did not answer GET /api/v1/.*/cert within 0 s: .*; check that"):
        Api(connect({"host": f"http://127.0.0.1:{free_port()}", "api_key": "t"}), 0.4).get("Secret", "shop", "cert")
    assert time.monotonic() - begin < 3


def test_a_server_that_comes_back_is_found() -> None:
    port = free_port()
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\nConnection: close\r\n\r\n{"kind":"Secret"}'
    listening = threading.Event()

    def serve_once_it_was_missed() -> None:
        time.sleep(0.3)  # the server is away for that long
        with socket.create_server(("127.0.0.1", port)) as server:
            listening.set()
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve_once_it_was_missed)
    thread.start()
    try:
        found = Api(connect({"host": f"http://127.0.0.1:{port}", "api_key": "t"}), 10).get("Secret", "shop", "cert")
    finally:
        thread.join()
    assert listening.is_set()
    assert found == {"kind": "Secret"}


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (400, ""),
        (401, "The credentials are not valid; check kubeconfig and context"),
        (403, "The identity lacks a permission; preflight prints the roles it needs"),
        (409, ""),
        (422, ""),
        (500, ""),
    ],
)
def test_a_refusal_is_not_repeated(loopback: Loopback, code: int, advice: str) -> None:
    loopback.answers = [status(code, "Reason", "the message")]
    with pytest.raises(ApiError) as caught:
        api(loopback).get("Secret", "shop", "cert")
    assert len(loopback.requests) == 1
    assert caught.value.status == code
    text = f"GET /api/v1/namespaces/shop/secrets/cert was answered {code} Reason: the message"
    assert str(caught.value) == f"{text}. {advice}" if advice else text


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"kind": "Pod"}', b"\xff", b'"x"'])
def test_a_refusal_that_is_no_status_is_shown_as_it_is(loopback: Loopback, body: bytes) -> None:
    loopback.answers = [(418, body)]
    with pytest.raises(ApiError) as caught:
        api(loopback).get("Secret", "shop", "cert")
    assert caught.value.message == body.decode("utf-8", "replace")
    assert (caught.value.reason, caught.value.details) == ("", {})


def test_what_does_not_exist_is_nothing(loopback: Loopback) -> None:
    loopback.answers = [status(404, "NotFound")]
    assert api(loopback).get("Secret", "shop", "cert") is None
    assert api(loopback).list("Gateway") == []
    assert api(loopback).delete(SECRET) is False


def page(*names: str, more: str = "") -> tuple[int, Any]:
    metadata = {"continue": more} if more else {}
    return 200, {"kind": "SecretList", "metadata": metadata, "items": [{"metadata": {"name": name}} for name in names]}


def test_pages_are_read_to_the_end(loopback: Loopback) -> None:
    loopback.answers = [page("a", "b", more="x y&z"), page("c", more="2"), page()]
    found = api(loopback).list("Secret", "shop", "app=web,x in (a,b)")
    assert [obj["metadata"]["name"] for obj in found] == ["a", "b", "c"]
    assert {(obj["kind"], obj["apiVersion"]) for obj in found} == {("Secret", "v1")}
    paths = [path for _, path, _, _ in loopback.requests]
    assert paths[0] == "/api/v1/namespaces/shop/secrets?limit=500&labelSelector=app%3Dweb%2Cx+in+%28a%2Cb%29"
    assert paths[1].endswith("&continue=x+y%26z")


def test_a_list_that_expires_on_the_way_is_begun_again_once(loopback: Loopback) -> None:
    gone = status(410, "Expired")
    loopback.answers = [page("a", more="1"), gone, page("a", "b")]
    assert [obj["metadata"]["name"] for obj in api(loopback).list("Secret")] == ["a", "b"]
    loopback.answers = [gone]
    with pytest.raises(ApiError, match="410 Expired"):
        api(loopback).list("Secret")


def test_objects_are_written_by_server_side_apply(loopback: Loopback) -> None:
    loopback.answers = [OK]
    api(loopback).apply(SECRET, dry_run=True)
    ((method, path, headers, body),) = loopback.requests
    assert method == "PATCH"
    assert path == ("/api/v1/namespaces/shop/secrets/cert?fieldManager=sealos-istio-migration&force=true&dryRun=All")
    assert headers["content-type"] == "application/apply-patch+yaml"
    assert json.loads(body) == SECRET


def test_exactly_one_object_is_deleted(loopback: Loopback) -> None:
    loopback.answers = [OK]
    assert api(loopback).delete(SECRET)
    ((method, path, _, body),) = loopback.requests
    assert (method, path) == ("DELETE", "/api/v1/namespaces/shop/secrets/cert")
    assert json.loads(body)["preconditions"] == {"uid": "u1"}
    loopback.answers = [status(409, "Conflict")]
    assert api(loopback).delete(SECRET) is False
