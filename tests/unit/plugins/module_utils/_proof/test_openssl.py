# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real openssl against servers that show certificates, and against others."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.errors import ToolError, UnsendableError
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.openssl import OpenSsl, check_version
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.planes import Plane


def silent(_request: bytes, _connection: socket.socket) -> None:
    return None


def test_each_name_gets_its_certificate(plane: Callable[..., Plane], authority: Any) -> None:
    first, second = authority.certificate("a.example.test"), authority.certificate("b.example.test")
    context, other = (authority.context(certificate, key) for certificate, key, _ in (first, second))
    names: list[str | None] = []

    def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        names.append(name)
        if name == "b.example.test":
            connection.context = other

    context.sni_callback = choose
    shown = OpenSsl(parallel=3).certificates(
        plane(silent, tls=context), ["a.example.test", "b.example.test", "", "a.example.test"]
    )
    assert {name: item.leaf for name, item in shown.items()} == {
        "a.example.test": first[2],
        "b.example.test": second[2],
        "": first[2],
    }
    assert sorted(map(str, names)) == ["None", "a.example.test", "b.example.test"]
    assert shown["a.example.test"].subject == "CN=test"
    assert shown["a.example.test"].not_before == "2024-01-02T03:04:05Z"
    assert shown["a.example.test"].not_after == "2034-01-02T03:04:05Z"
    assert all(item.error == "" for item in shown.values())


def test_the_whole_chain_is_named(plane: Callable[..., Plane], authority: Any, tmp_path: Path) -> None:
    leaf, key, leaf_print = authority.certificate("a.example.test")
    issuer, _, issuer_print = authority.certificate("issuer.example.test")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(leaf.read_bytes() + issuer.read_bytes())
    shown = OpenSsl().certificates(plane(silent, tls=authority.context(chain, key)), ["a.example.test"])
    assert shown["a.example.test"].chain == (leaf_print, issuer_print)


def test_a_subject_cannot_pass_for_a_certificate(plane: Callable[..., Plane], authority: Any) -> None:
    forged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\x1b[31m"
    certificate, key, fingerprint = authority.certificate("a.example.test", common_name=forged)
    shown = OpenSsl().certificates(plane(silent, tls=authority.context(certificate, key)), ["a.example.test"])
    assert shown["a.example.test"].chain == (fingerprint,)
    assert shown["a.example.test"].subject.isprintable()
    assert "AAAA" in shown["a.example.test"].subject


@pytest.mark.parametrize("name", ["-help", "a b", "a\nb", "*.example.test", "ä.test", "a.test:443", "@x", "A.test"])
def test_a_name_is_never_an_option(name: str, serve: Callable[..., Any]) -> None:
    server = serve(silent)
    with pytest.raises(UnsendableError, match="is no DNS name"):
        OpenSsl().certificates(
            Plane("nginx", {"http": server.address, "https": server.address}), ["a.example.test", name]
        )


def test_no_certificate_is_an_error_with_its_reason(plane: Callable[..., Plane], no_listener: str) -> None:
    def babble(_request: bytes, connection: socket.socket) -> None:
        connection.sendall(b"\x00\x01 this is no TLS at all\r\n\r\n")

    def error_of(where: Plane) -> str:
        return OpenSsl(seconds=1).certificates(where, ["a.example.test"])["a.example.test"].error

    refused = Plane("istio", {"http": no_listener, "https": no_listener})
    assert error_of(refused) == "system library: Connection refused"
    # These servers wait for a blank line, which a handshake does not hold.
    assert error_of(plane(babble)) == "no certificate within 1 s"


def test_a_plain_listener_answers_no_handshake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        listener.settimeout(10)

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        shown = OpenSsl().certificates(Plane("nginx", {"http": address, "https": address}), ["a.example.test"])
        thread.join(10)
    assert shown["a.example.test"].error == "SSL routines: wrong version number"


def test_answers_belong_to_their_names(plane: Callable[..., Plane], authority: Any) -> None:
    certificate, key, fingerprint = authority.certificate("a.example.test")
    names = [f"n{number}.example.test" for number in range(16)]
    shown = OpenSsl(parallel=4).certificates(plane(silent, tls=authority.context(certificate, key)), names)
    assert list(shown) == names
    assert {item.leaf for item in shown.values()} == {fingerprint}


def program(folder: Path, text: str) -> str:
    path = folder / "openssl"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("version", ["OpenSSL 1.1.1k  25 Mar 2021", "LibreSSL 3.3.6", ""])
def test_an_openssl_that_will_not_do(version: str, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"OpenSSL 3\.0 or newer is needed"):
        check_version(program(tmp_path, f"echo '{version}'"))


def test_a_certificate_that_openssl_cannot_describe_still_has_its_fingerprint(tmp_path: Path) -> None:
    text = """case "$1" in
version) echo "OpenSSL 3.0.0" ;;
s_client) printf -- '-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n' ;;
*) echo "cannot read it" >&2; exit 1 ;;
esac"""
    openssl = OpenSsl(program=program(tmp_path, text))
    shown = openssl.certificates(Plane("nginx", {"http": "127.0.0.1:1", "https": "127.0.0.1:1"}), ["a.example.test"])
    assert shown["a.example.test"].leaf == hashlib.sha256(b"\0\0\0").hexdigest()
    assert "cannot read it" in shown["a.example.test"].error
