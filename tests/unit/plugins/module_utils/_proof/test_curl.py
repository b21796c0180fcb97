# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real curl against servers that behave, misbehave, hang, reset and babble."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.curl import Curl, Limits, check_version
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.curl_config import Timeouts
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.errors import (
    ProofError,
    ToolError,
    UnsendableError,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.planes import Plane
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.probes import Probe, probe_id
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.replies import Reply, final_headers

QUICK = Timeouts(connect=2, answer=1, upgrade=0.5)


def get(target: str, **fields: Any) -> Probe:
    plain: dict[str, Any] = {"host": "a.example.test", "scheme": "http", "method": "GET", "headers": ()}
    plain |= fields
    name = probe_id(plain["host"], plain["scheme"], plain["method"], target, plain["headers"])
    return Probe(id=name, server=plain["host"], target=target, why="path", **plain)


def ask(plane: Plane, *probes: Probe, **limits: Any) -> list[Reply]:
    replies = Curl(Limits(**{"timeouts": QUICK, **limits})).ask(plane, probes)
    return [replies[probe.id] for probe in probes]


def http(status: str, *lines: str, body: bytes = b"") -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(body)}", "Connection: close"])
    return head.encode("latin-1") + b"\r\n\r\n" + body


def path_of(request: bytes) -> str:
    return request.split(b" ")[1].decode()


def test_a_reply_holds_what_the_server_said(plane: Callable[..., Plane]) -> None:
    answer = http(
        "302 Found", "Location: /ä", "Set-Cookie: a", "X-Empty:", "set-cookie: b", 'X-Odd: "\\ \x07', body=b"hello"
    )
    (reply,) = ask(plane(lambda *_: answer), get("/x?y=%20#z"))
    assert (reply.status, reply.location, reply.http_version, reply.error) == (302, "/ä", "1.1", "")
    assert reply.headers["set-cookie"] == ("a", "b")
    assert reply.headers["x-empty"] == ("",)
    assert reply.headers["x-odd"] == ('"\\ \x07',)
    assert (reply.body_sha256, reply.body_length) == (hashlib.sha256(b"hello").hexdigest(), 5)
    assert reply.connected
    assert 0 < reply.seconds < 1


def test_requests_are_marked_and_sent_as_written(serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("CURL_HOME", "/nowhere")
    server = serve(lambda *_: http("200 OK"))
    plane = Plane("nginx", {"http": server.address, "https": server.address})
    probe = get("/a/../b//%2e?x#y", headers=(("empty", ""), ("origin", "https://a.test")))
    ask(plane, probe)
    lines = server.requests[0].decode().split("\r\n")
    assert lines == [
        "GET /a/../b//%2e?x#y HTTP/1.1",
        "Host: a.example.test",
        "User-Agent: sealos-istio-migration-probe/0.1.0",
        "Accept: */*",
        "empty:",
        "origin: https://a.test",
        f"X-Migration-Probe: {probe.id}",
        f"X-Request-ID: {probe.id}",
        "",
        "",
    ]


def test_methods(serve: Callable[..., Any]) -> None:
    server = serve(lambda *_: http("200 OK", "X-A: b"))
    plane = Plane("nginx", {"http": server.address, "https": server.address})
    head, options = ask(plane, get("/h", method="HEAD"), get("/o", method="OPTIONS"))
    assert sorted(request.split(b" ")[0] for request in server.requests) == [b"HEAD", b"OPTIONS"]
    for reply in (head, options):
        assert (reply.status, reply.body_length, reply.error, reply.headers["x-a"]) == (200, 0, "", ("b",))


def test_names_go_into_the_handshake_and_a_bad_certificate_hides_nothing(
    plane: Callable[..., Plane], authority: Any
) -> None:
    asked: list[str | None] = []
    certificate, key, _ = authority.certificate("other.example.test")
    context = authority.context(certificate, key)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    (reply,) = ask(plane(lambda *_: http("200 OK"), tls=context), get("/", scheme="https"))
    assert (reply.status, asked) == (200, ["a.example.test"])


def test_a_promise_of_https_does_not_move_requests_over_http(serve: Callable[..., Any], authority: Any) -> None:
    """curl 7.88 keeps Strict-Transport-Security in mind for the rest of the process, asked for or not."""
    certificate, key, _ = authority.certificate("a.example.test")
    secure = serve(
        lambda *_: http("200 OK", "Strict-Transport-Security: max-age=9999"), authority.context(certificate, key)
    )
    plain = serve(lambda *_: http("308 Permanent Redirect", "Location: https://a.example.test"))
    probes = [get(f"/{number}", scheme=scheme) for number in range(5) for scheme in ("https", "http")]
    replies = ask(Plane("nginx", {"http": plain.address, "https": secure.address}), *probes, parallel=1)
    assert [reply.status for reply in replies] == [200, 308] * 5
    assert (len(secure.requests), len(plain.requests)) == (5, 5)


def test_what_one_answer_sets_no_other_request_carries(serve: Callable[..., Any]) -> None:
    server = serve(lambda *_: http("200 OK", "Set-Cookie: a=b; Path=/", 'Alt-Svc: h2=":1"', "Link: </x>", "ETag: x"))
    plane = Plane("nginx", {"http": server.address, "https": server.address})
    ask(plane, *(get(f"/{number}") for number in range(5)), parallel=1)
    assert len(server.requests) == 5
    assert {len(request.split(b"\r\n")) for request in server.requests} == {8}


@pytest.mark.parametrize(("wanted", "agreed"), [("", "h2"), ("2", "h2"), ("1.1", "http/1.1")])
def test_the_http_version_is_agreed_on_or_chosen(
    wanted: str, agreed: str, plane: Callable[..., Plane], authority: Any
) -> None:
    certificate, key, _ = authority.certificate("a.example.test")
    context = authority.context(certificate, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    seen: list[str | None] = []

    def answer(_request: bytes, connection: ssl.SSLSocket) -> bytes:
        seen.append(connection.selected_alpn_protocol())
        return http("200 OK")

    ask(plane(answer, tls=context), get("/", scheme="https"), http_version=wanted)
    assert seen == [agreed]


def test_an_upgrade_ends_at_101(plane: Callable[..., Plane]) -> None:
    def answer(request: bytes, connection: socket.socket) -> None:
        assert b"Connection: Upgrade\r\n" in request.replace(b"connection", b"Connection")
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX-A: b\r\n\r\n\x81\x02hi")
        connection.recv(1)  # until curl leaves

    headers = (("connection", "Upgrade"), ("upgrade", "websocket"))
    started = time.monotonic()
    (reply,) = ask(plane(answer), get("/", headers=headers))
    assert (reply.status, reply.error, reply.body_length) == (101, "", 0)
    assert reply.headers == {"upgrade": ("websocket",), "x-a": ("b",)}
    assert time.monotonic() - started < 5


def test_what_follows_an_upgrade_is_nobody_elses_answer(plane: Callable[..., Plane]) -> None:
    def answer(request: bytes, connection: socket.socket) -> bytes | None:
        if path_of(request) != "/socket":
            return http("200 OK")
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        while connection.recv(1 << 16):
            connection.sendall(b"\x81\x02hi")
        return None

    headers = (("connection", "Upgrade"), ("upgrade", "websocket"))
    probes = [get(f"/{number}") for number in range(30)]
    replies = ask(plane(answer), *probes[:1], get("/socket", headers=headers), *probes[1:], parallel=2)
    assert [reply.status for reply in replies] == [200, 101, *[200] * 29]


def test_earlier_answers_and_trailers_do_not_count(plane: Callable[..., Plane]) -> None:
    answer = (
        b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 404 Nope\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nok\r\n0\r\nTrailing: c\r\n\r\n"
    )
    (reply,) = ask(plane(lambda *_: answer), get("/"))
    assert (reply.status, reply.body_length) == (404, 2)
    assert reply.headers == {"a": ("b",), "transfer-encoding": ("chunked",)}


def test_header_lines_that_are_continued_or_broken() -> None:
    assert final_headers(b"HTTP/1.1 200\r\nA: b\r\n c\r\nnonsense\r\n\r\n") == {"a": ("b c",)}
    assert final_headers(b"") == {}
    assert final_headers(b"HTTP/2 200\n orphan\nA:b\n") == {"a": ("b",)}


def test_each_misbehaviour_is_told_apart_and_harms_no_neighbour(plane: Callable[..., Plane]) -> None:
    def answer(request: bytes, connection: socket.socket) -> bytes | None:
        path = path_of(request)
        if path == "/reset":
            linger = struct.pack("ii", 1, 0)  # none: the connection ends with a reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return None
        if path == "/hang":
            connection.recv(1)
            return None
        if path == "/half":
            return b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
        if path == "/garbage":
            return b"\x00\x16\xff babble\r\n\r\n"
        if path == "/stall":
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 10\r\n\r\nhalf")
            connection.recv(1)
            return None
        return None if path == "/silent" else http("200 OK", body=b"fine")

    paths = ["/reset", "/hang", "/half", "/garbage", "/stall", "/silent", "/fine"]
    replies = dict(zip(paths, ask(plane(answer), *map(get, paths)), strict=True))
    failures = {path: reply.failure for path, reply in replies.items()}
    assert failures == {
        "/reset": "56",
        "/hang": "28",
        "/half": "18",
        "/garbage": "1",
        "/stall": "28",
        "/silent": "52",
        "/fine": "",
    }
    assert all(reply.connected for reply in replies.values())
    assert replies["/stall"].status == 200
    assert replies["/stall"].headers["x-a"] == ("b",)
    assert "timed out" in replies["/hang"].error


def test_a_body_without_end_is_cut(plane: Callable[..., Plane]) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"

    def answer(request: bytes, connection: socket.socket) -> bytes | None:
        if path_of(request) == "/endless":
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.sendall(chunk)
        return http("200 OK", body=b"x" * 100_000)

    endless, exact = ask(plane(answer), get("/endless"), get("/exact"), body_bytes=100_000)
    whole = hashlib.sha256(b"x" * 100_000).hexdigest()
    assert (endless.status, endless.error, endless.truncated) == (200, "", True)
    assert (endless.body_sha256, endless.body_length) == (whole, 100_000)
    assert (exact.error, exact.truncated, exact.body_sha256) == ("", False, whole)


def test_nobody_listens(no_listener: str) -> None:
    (reply,) = ask(Plane("istio", {"http": no_listener, "https": no_listener}), get("/"))
    assert (reply.status, reply.failure, reply.connected) == (0, "7", False)


def test_tls_where_none_is_spoken(plane: Callable[..., Plane]) -> None:
    (reply,) = ask(plane(lambda *_: http("200 OK")), get("/", scheme="https", host="a.example.test"))
    assert (reply.status, reply.connected) == (0, True)
    assert reply.failure in ("28", "35")


def test_batches_keep_to_the_rate(plane: Callable[..., Plane]) -> None:
    now = [100.0]
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    limits = Limits(per_second=10, batch=5, timeouts=QUICK)
    curl = Curl(limits, clock=lambda: now[0], wait=wait)
    replies = curl.ask(plane(lambda *_: http("204 No Content")), [get(f"/{number}") for number in range(12)])
    assert len(replies) == 12
    assert waits == [pytest.approx(0.5), pytest.approx(0.5)]
    curl.ask(plane(lambda *_: http("204 No Content")), [get("/x")])
    assert waits[2:] == [pytest.approx(0.2)]


def test_nothing_of_a_batch_is_sent_when_one_probe_cannot_be(serve: Callable[..., Any]) -> None:
    server = serve(lambda *_: http("200 OK"))
    plane = Plane("nginx", {"http": server.address, "https": server.address})
    with pytest.raises(UnsendableError, match=r"probe [0-9a-f]{16} "):
        ask(plane, get("/good"), get("/b\nad"))
    assert server.requests == []


def test_hosts_take_turns(serve: Callable[..., Any]) -> None:
    """Else all requests of a host start side by side, and each makes a connection of its own."""
    server = serve(lambda *_: http("200 OK"))
    plane = Plane("nginx", {"http": server.address, "https": server.address})
    probes = [get(f"/{number}", host=f"{name}.example.test") for name in "abc" for number in range(2)]
    ask(plane, *probes, parallel=1)
    hosts = [request.partition(b"Host: ")[2][:1].decode() for request in server.requests]
    assert "".join(hosts) == "abcabc"


@pytest.mark.parametrize("name", ["parallel", "per_second", "batch", "body_bytes"])
def test_limits_are_positive(name: str) -> None:
    with pytest.raises(ProofError, match=f"{name} must be more than 0, found 0"):
        Limits(**{name: 0})


def test_schemes_and_handshakes_have_processes_of_their_own(plane: Callable[..., Plane], tmp_path: Path) -> None:
    recording = program(
        tmp_path,
        'test "$1" = --version && exec curl --version\n'
        f'file=$(mktemp {tmp_path}/config.XXXXXX) && cat > "$file" && exec curl "$@" < "$file"',
    )
    upgrade = (("upgrade", "websocket"),)
    kinds = [{"scheme": scheme, "headers": headers} for scheme in ("http", "https") for headers in ((), upgrade)]
    probes = [get(f"/{number}", **kind) for number in range(2) for kind in kinds]
    limits = Limits(timeouts=QUICK)
    assert len(Curl(limits, program=recording).ask(plane(lambda *_: http("200 OK")), probes)) == 8
    configs = [path.read_text() for path in tmp_path.glob("config.*")]
    assert sorted((text.count('url = "https:'), text.count('header = "upgrade:')) for text in configs) == [
        (0, 0),
        (0, 2),
        (2, 0),
        (2, 2),
    ]


def program(folder: Path, text: str) -> str:
    path = folder / "curl"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("echo 'curl 7.76.1 (x86_64)'", "is version 7.76; 7.88 or newer is needed"),
        ("echo 'something else'", "did not name a version"),
        ("echo broken >&2; exit 3", "failed: 'broken'"),
    ],
)
def test_a_curl_that_will_not_do(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=problem):
        check_version(program(tmp_path, text))


def test_no_curl_at_all(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="was not found; install it"):
        Curl(program=str(tmp_path / "absent")).ask(Plane("nginx", {"http": "a:1", "https": "a:1"}), [get("/")])


def test_a_curl_that_dies_is_an_error_that_names_the_probe(tmp_path: Path) -> None:
    version = 'test "$1" = --version && { echo "curl 8.0.0"; exit; }'
    dying = program(tmp_path, f"""{version}; echo '#0 {{"half": '; echo "out of luck" >&2; exit 7""")
    plane = Plane("nginx", {"http": "127.0.0.1:1", "https": "127.0.0.1:1"})
    with pytest.raises(ToolError, match=r"probe [0-9a-f]{16} .* ended with code 7: 'out of luck'"):
        Curl(program=dying).ask(plane, [get("/")])


def test_a_full_disk_is_no_answer(tmp_path: Path) -> None:
    report = {"http_code": 200, "exitcode": 23, "errormsg": "Failure writing output to destination"}
    version = 'test "$1" = --version && { echo "curl 8.0.0"; exit; }'
    text = f"{version}\ncat > /dev/null\necho '#0 {json.dumps(report)}'"
    plane = Plane("nginx", {"http": "127.0.0.1:1", "https": "127.0.0.1:1"})
    with pytest.raises(ToolError, match=r"could not write to .*: Failure writing .*; see that the disk is not full"):
        Curl(program=program(tmp_path, text)).ask(plane, [get("/")])
