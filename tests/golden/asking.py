# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a plane of a sandbox: with curl, and with a WebSocket client for what curl cannot do."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Request

from golden.expectations import Outcome, Seen
from golden.probes import Probe
from sandbox.pki import Authority, Identity

_END = "\x1f"
_NOTE = "\x1e"
_SECONDS = 40.0
_SLOW_SECONDS = 240.0
_COMMON_NAME = re.compile(r"Subject:.*?CN ?= ?([^\n,/]+)")


class Plane:
    """One plane by its two loopback ports; ``mirrored`` tells whether a text reached the backend of the mirror."""

    def __init__(self, name: str, http: int, https: int, files: ClientFiles, mirrored: Callable[[str], bool]) -> None:
        self.name = name
        self._mirrored = mirrored
        self.http = http
        self.https = https
        self._ports = {"http": http, "https": https}
        self._files = files

    def ask(self, probe: Probe) -> Outcome:
        """Return what the plane answers to a probe."""
        started = time.monotonic()
        answers = self._curl(probe) if probe.shape == "curl" else (self._websocket(probe),)
        return Outcome(answers, time.monotonic() - started)

    def answers(self, requests: Sequence[Request]) -> list[Seen]:
        """Return what the plane answers to requests, each sent as it is."""
        # One curl for both schemes would speak TLS to the http port, too.
        found = {
            number: seen
            for scheme in self._ports
            for numbers in ([number for number, item in enumerate(requests) if item.scheme == scheme],)
            for number, seen in zip(numbers, self._answers([requests[item] for item in numbers]), strict=True)
        }
        return [found[number] for number in range(len(requests))]

    def _answers(self, requests: Sequence[Request]) -> list[Seen]:
        command = ["curl", "-q", "--no-progress-meter"]
        for number, request in enumerate(requests):
            command += ["--next"] if number else []
            command += ["-s", "-i", "-k", "-g", "--http1.1", "--path-as-is", "--noproxy", "*"]
            command += ["--max-time", "20", "--connect-to", f"::127.0.0.1:{self._ports[request.scheme]}"]
            command += ["-X", request.method]
            command += [part for name, value in request.headers.items() for part in ("-H", f"{name}: {value}")]
            if request.body_length:
                body = self._files.filled(f"@{{size:{request.body_length}}}")
                command += ["-H", "Expect:", "-H", "Content-Type:", "--data-binary", body]
            secure = "\n%{certs}" if request.scheme == "https" else ""
            command += ["-w", f"{_NOTE}%{{http_code}} %{{exitcode}}{secure}{_END}"]
            command.append(f"{request.scheme}://{request.host}{request.target}")
        if not requests:
            return []
        done = subprocess.run(command, capture_output=True, check=False, timeout=60 + 21 * len(requests))
        parts = done.stdout.decode("utf-8", "replace").split(_END)[:-1]
        return [_seen(part, frozenset()) for part in parts]

    def _curl(self, probe: Probe) -> tuple[Seen, ...]:
        if not probe.repeat_with_cookie:
            return self._run(probe, probe.options, probe.count)
        (first,) = self._run(probe, probe.options, 1)
        cookie = first.headers.get("set-cookie", "").partition(";")[0]
        return (first, *self._run(probe, (*probe.options, "-H", f"Cookie: {cookie}"), probe.count - 1))

    def _run(self, probe: Probe, options: Sequence[str], count: int) -> tuple[Seen, ...]:
        port = self._ports[probe.scheme]
        name = probe.host if probe.sni is None else probe.sni
        named = [] if name == probe.host else ["-H", f"Host: {probe.host}"]
        limit = _SLOW_SECONDS if probe.slow else _SECONDS
        command = ["curl", "-q", "-s", "-i", "-k", "--noproxy", "*", "--proto", "=http,https", "--path-as-is", "-g"]
        command += ["--max-time", str(limit), "--connect-to", f"::127.0.0.1:{port}"]
        secure = "\n%{certs}" if probe.scheme == "https" else ""
        command += ["-w", f"{_NOTE}%{{http_code}} %{{exitcode}}{secure}{_END}", *named]
        if "--http2" not in options and "--http1.0" not in options:
            command.append("--http1.1")
        command += [self._files.filled(option) for option in options]
        unique = uuid.uuid4().hex
        for number in range(count):
            target = probe.target.replace("{unique}", unique).replace("{ab}", "ab"[number % 2])
            command.append(f"{probe.scheme}://{name or '127.0.0.1'}{target}")
        done = subprocess.run(command, capture_output=True, check=False, timeout=limit * 2)
        output = done.stdout.decode("utf-8", "replace")
        marks = frozenset({"mirrored"} if "/mirrored-" in probe.target and self._mirrored(unique) else ())
        return tuple(_seen(part, marks) for part in output.split(_END)[:-1])

    def _websocket(self, probe: Probe) -> Seen:
        try:
            return self._upgraded(probe)
        except OSError as error:
            return Seen(0, error=str(error))

    def _upgraded(self, probe: Probe) -> Seen:
        key = base64.b64encode(os.urandom(16)).decode()
        with socket.create_connection(("127.0.0.1", self._ports["http"]), 10) as client:
            client.sendall(
                f"GET {probe.target} HTTP/1.1\r\nHost: {probe.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
            )
            head = client.recv(4096)
            status = int(head.split(b" ")[1]) if head.startswith(b"HTTP/1.1 ") else 0
            if status != 101:
                return Seen(status)
            client.sendall(b"\x81\x84\0\0\0\0ping")
            echoed = b"ping" in client.recv(4096)
            if probe.shape == "websocket":
                return Seen(status, marks=frozenset({"echoed"} if echoed else ()))
            client.settimeout(_SLOW_SECONDS / 2)
            with contextlib.suppress(ConnectionError):
                # Either end of the stream or a close frame ends it.
                closed = True
                try:
                    client.recv(4096)
                except TimeoutError:
                    closed = False
                return Seen(status, marks=frozenset({"closed"} if closed else ()))
            return Seen(status, marks=frozenset({"closed"}))


class ClientFiles:
    """Bodies and client certificates that probes name in braces: ``{size:N}``, ``{grpc}``, ``{good}``, ``{bad}``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        authority = Authority.new("golden-clients")
        self.authority = authority.certificate()
        for name in ("good", "bad"):
            certificate, key = authority.issue(Identity(name, name))
            (folder / f"{name}.crt").write_bytes(certificate)
            (folder / f"{name}.key").write_bytes(key)
        (folder / "grpc").write_bytes(b"\0\0\0\0\0")

    def filled(self, option: str) -> str:
        """Return an option of curl with the files in place of their names."""
        return re.sub(r"\{(size:\d+|grpc|good|bad)\}", self._file, option)

    def _file(self, found: re.Match[str]) -> str:
        name = found[1]
        path = self.folder / name.replace(":", "-")
        if name.startswith("size:") and not path.exists():
            path.write_bytes(b"x" * int(name[5:]))
        return str(path)


def _seen(part: str, marks: frozenset[str]) -> Seen:
    text, _, note = part.rpartition(_NOTE)
    status, _, more = note.partition(" ")
    code, _, certificates = more.partition("\n")
    head, body = _head_and_body(text.lstrip("\n"))
    headers: dict[str, str] = {}
    for line in head.splitlines()[1:]:
        name, _, value = line.partition(":")
        key = name.strip().lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    # Trailers follow the body.
    if trailer := re.search(r"grpc-status: *(\d+)", body):
        headers["grpc-status"] = trailer[1]
    names = _COMMON_NAME.findall(certificates)
    echo = _echo(body)
    return Seen(
        status=0 if code not in ("0", "18", "56") or status == "000" else int(status),
        service=str(echo.get("service", "")),
        namespace=str(echo.get("namespace", "")),
        pod=str(echo.get("pod", "")),
        uri=str(echo.get("path", "")),
        headers=headers,
        received=_received(echo),
        certificate=names[0] if names else "",
        error="" if code == "0" else f"curl {code}",
        marks=marks,
    )


def _head_and_body(text: str) -> tuple[str, str]:
    head, _, rest = text.partition("\r\n\r\n")
    while rest.startswith("HTTP/"):
        head, _, rest = rest.partition("\r\n\r\n")
    return head, rest


def _echo(body: str) -> dict[str, object]:
    if not body.startswith("{"):
        return {}
    try:
        decoded, _ = json.JSONDecoder().raw_decode(body)
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _received(echo: dict[str, object]) -> dict[str, str]:
    headers = echo.get("headers")
    found = {name: ", ".join(values) for name, values in headers.items()} if isinstance(headers, dict) else {}
    return found | {"host": str(echo.get("host", ""))}
