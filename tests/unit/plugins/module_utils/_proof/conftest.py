# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers on loopback that answer exactly the bytes a test wants, over TCP and TLS, and remember the requests."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.planes import Plane
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[[bytes, socket.socket], bytes | None]
"""Given a request and its connection, returns the bytes to send; None closes the connection without a word."""


class Server:
    """Answers one request a connection until :meth:`stop`."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.requests: list[bytes] = []
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(20)
        with plain, contextlib.suppress(OSError):
            connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            with connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    received = connection.recv(1 << 16)
                    if not received:
                        return
                    request += received
                request = _with_body(request, connection)
                self.requests.append(request)
                reply = self._answer(request, connection)
                if reply is not None:
                    connection.sendall(reply)

    def stop(self) -> None:
        """Stop listening and wait for all connections."""
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(30)


def _with_body(request: bytes, connection: socket.socket) -> bytes:
    head, _, body = request.partition(b"\r\n\r\n")
    sizes = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = int(sizes[0]) - len(body) if sizes else 0
    while missing > 0:
        received = connection.recv(missing)
        if not received:
            break
        request += received
        missing -= len(received)
    return request


@pytest.fixture(name="serve")
def fixture_serve() -> Iterator[Callable[..., Server]]:
    """Starts servers: ``serve(answer)``, ``serve(answer, tls=context)``."""
    servers: list[Server] = []

    def serve(answer: Answer, tls: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(answer, tls))
        return servers[-1]

    yield serve
    for server in servers:
        server.stop()


@pytest.fixture(name="plane")
def fixture_plane(serve: Callable[..., Server]) -> Callable[..., Plane]:
    """Makes a plane of one server for both schemes: ``plane(answer)``."""

    def plane(answer: Answer, name: str = "nginx", tls: ssl.SSLContext | None = None) -> Plane:
        server = serve(answer, tls)
        return Plane(name, {"http": server.address, "https": server.address})

    return plane


@pytest.fixture(name="no_listener")
def fixture_no_listener() -> Iterator[str]:
    """An address where connections are refused: the port is taken, but nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


class Authority:
    """Makes certificates for tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def certificate(self, *names: str, common_name: str = "test") -> tuple[Path, Path, str]:
        """Return a self-signed certificate: file of the certificate, of its key, and its fingerprint."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC))
            .not_valid_after(datetime.datetime(2034, 1, 2, 3, 4, 5, tzinfo=datetime.UTC))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        )
        made = builder.sign(key, hashes.SHA256())
        self._count += 1
        certificate, private = self._folder / f"{self._count}.crt", self._folder / f"{self._count}.key"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, private, made.fingerprint(hashes.SHA256()).hex()

    def context(self, certificate: Path, private: Path) -> ssl.SSLContext:
        """Return a server's context that shows ``certificate``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, private)
        return context


@pytest.fixture(name="authority")
def fixture_authority(tmp_path: Path) -> Authority:
    """Makes certificates below the test's own folder."""
    return Authority(tmp_path)
