# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import http

import pytest

from sandbox.agent.http_server import RequestError, parse_head


def test_reads_target_query_and_headers() -> None:
    request = parse_head(
        b"POST /exec/shop/web-1/web?command=sh&command=-c&command=a%20b&tty=1&empty= HTTP/1.1\r\n"
        b"Host: 198.18.0.1:10250\r\nUpgrade:  websocket \r\n\r\n"
    )
    assert (request.method, request.path) == ("POST", "/exec/shop/web-1/web")
    assert request.query["command"] == ["sh", "-c", "a b"]
    assert request.headers["upgrade"] == "websocket"
    assert request.flag("tty")
    assert not request.flag("stdin")
    assert request.value("empty") == ""
    assert request.value("absent") is None


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /\r\n\r\n", http.HTTPStatus.BAD_REQUEST),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", http.HTTPStatus.BAD_REQUEST),
        (b"GET / HTTP/1.0\r\n\r\n", http.HTTPStatus.HTTP_VERSION_NOT_SUPPORTED),
    ],
)
def test_refuses_what_is_no_request(head: bytes, status: http.HTTPStatus) -> None:
    with pytest.raises(RequestError) as caught:
        parse_head(head)
    assert caught.value.status is status
