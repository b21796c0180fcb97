# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of TLS Secrets, with real certificates: names, dates, fingerprints, never a key."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import Certificate
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.certificates import read_certificate
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.credentials import (
    MissingSecretError,
    gateway_secret,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.ownership import was_edited
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, NameOID

from .conftest import MemoryApi

START = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2025, 1, 1, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
EC_KEY_OID, UNKNOWN_OID = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0209")


def certificate(*names: str, common: tuple[str, ...] = ("cn.example.test",), **extension: bytes) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(START)
        .not_valid_after(END)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
    for value in extension.values():
        raw = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, value)
        builder = builder.add_extension(raw, False)
    return builder.sign(KEY, hashes.SHA256())


def pem(item: x509.Certificate) -> bytes:
    return item.public_bytes(serialization.Encoding.PEM)


def key_pem(key: Any = KEY, password: bytes = b"") -> bytes:
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection))


def wrapped(der: bytes, label: str) -> bytes:
    return f"-----BEGIN {label}-----\n{base64.b64encode(der).decode()}\n-----END {label}-----\n".encode()


def secret(chain: bytes = b"", key: bytes = b"", **data: Any) -> dict[str, Any]:
    content = {"tls.crt": base64.b64encode(chain).decode(), "tls.key": base64.b64encode(key or key_pem()).decode()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "cert", "namespace": "shop"},
        "data": {**content, **data},
    }


def test_what_is_kept() -> None:
    leaf = certificate("b.example.test", "*.a.example.test")
    found = read_certificate(secret(pem(leaf)), START + timedelta(days=1))
    assert found == Certificate(
        "shop",
        "cert",
        names=("*.a.example.test", "b.example.test"),
        not_before="2024-01-01T00:00:00Z",
        not_after="2025-01-01T00:00:00Z",
        fingerprint=hashlib.sha256(leaf.public_bytes(serialization.Encoding.DER)).hexdigest(),
        chain=hashlib.sha256(pem(leaf)).hexdigest(),
        expired=False,
        problem="",
    )


def test_the_leaf_is_the_first_of_a_chain_and_the_chain_is_told_apart() -> None:
    leaf, issuer = certificate("a.example.test"), certificate("ca.example.test")
    alone, chained = (read_certificate(secret(text)) for text in (pem(leaf), pem(leaf) + pem(issuer)))
    assert alone.fingerprint == chained.fingerprint
    assert alone.names == chained.names == ("a.example.test",)
    assert alone.chain != chained.chain


def test_the_common_name_counts_only_without_alternative_names() -> None:
    assert read_certificate(secret(pem(certificate()))).names == ("cn.example.test",)
    assert read_certificate(secret(pem(certificate("a.example.test")))).names == ("a.example.test",)
    # Go's crypto/x509 keeps the last one.
    several = certificate(common=("one.example.test", "two.example.test"))
    assert read_certificate(secret(pem(several))).names == ("two.example.test",)


@pytest.mark.parametrize(("moment", "expired"), [(END, False), (END + timedelta(seconds=1), True), (START, False)])
def test_expired_certificates_are_still_certificates(moment: datetime, expired: bool) -> None:
    found = read_certificate(secret(pem(certificate("a.example.test"))), moment)
    assert (found.expired, found.problem) == (expired, "")


def test_a_key_of_another_certificate_is_a_problem() -> None:
    for other in (OTHER_KEY, rsa.generate_private_key(65537, 2048)):
        found = read_certificate(secret(pem(certificate("a.example.test")), key_pem(other)))
        assert found.problem == "tls.key does not belong to tls.crt"


GOOD = pem(certificate("a.example.test"))
STRANGE_KEY = KEY.private_bytes(
    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).replace(EC_KEY_OID, UNKNOWN_OID)
STRANGE_LEAF = certificate("a.test").public_bytes(serialization.Encoding.DER).replace(EC_KEY_OID, UNKNOWN_OID)


@pytest.mark.parametrize(
    "broken",
    [
        secret(b""),
        secret(b"garbage"),
        secret(GOOD[:200]),
        secret(GOOD, b"garbage"),
        secret(GOOD, key_pem(password=b"x")),
        secret(GOOD, wrapped(STRANGE_KEY, "PRIVATE KEY")),
        secret(wrapped(STRANGE_LEAF, "CERTIFICATE")),
        secret(wrapped(b"", "CERTIFICATE")),
        secret(pem(certificate(san=b"garbage"))),
        secret(pem(certificate(san=b"\x30\x04\x82\x02\xff\xfe"))),
        secret(pem(certificate(san=b"\x30\x02\x8a\x00"))),
        secret(GOOD, **{"tls.crt": "%%%"}),
        secret(GOOD, **{"tls.crt": "é"}),
        secret(GOOD, **{"tls.crt": None}),
        {**secret(GOOD), "data": None},
        {**secret(GOOD), "data": []},
        {**secret(GOOD), "data": {"tls.crt": "x"}},
    ],
)
def test_a_secret_that_nginx_could_not_use_has_a_problem_and_stops_nobody(broken: dict[str, Any]) -> None:
    found = read_certificate(broken)
    assert (found.namespace, found.name) == ("shop", "cert")
    assert found.problem.startswith(("tls.crt or tls.key cannot be read (", "it holds no tls.crt"))
    assert (found.names, found.fingerprint, found.chain) == ((), "", "")


@pytest.mark.parametrize("key", [None, "", 5])
def test_a_missing_key_is_named(key: Any) -> None:
    assert read_certificate(secret(GOOD, **{"tls.key": key})).problem == "it holds no tls.key"


def test_manifests_may_hold_it_as_text() -> None:
    texts = {"tls.crt": GOOD.decode(), "tls.key": key_pem().decode()}
    assert read_certificate({**secret(), "data": None, "stringData": texts}) == read_certificate(secret(GOOD))


def test_nothing_of_a_key_is_kept() -> None:
    text = json.dumps(read_certificate(secret(GOOD)).as_dict())
    body = "".join(key_pem().decode().splitlines()[1:-1])
    assert not any(body[start : start + 20] in text for start in range(0, len(body) - 20, 10))


def test_a_certificate_survives_its_line() -> None:
    found = read_certificate(secret(GOOD))
    assert Certificate.from_dict(json.loads(json.dumps(found.as_dict()))) == found


CREDENTIAL = {"name": "i2i-cert", "source": {"namespace": "shop", "name": "cert"}, "fingerprint": "f"}


def test_a_copy_holds_what_the_gateway_needs_and_no_more() -> None:
    source = secret(GOOD, **{"ca.key": "c2VjcmV0", "ca.crt": "eA=="})
    source["metadata"]["annotations"] = {"cert-manager.io/certificate-name": "x"}
    found = gateway_secret(MemoryApi(source), CREDENTIAL, "edge", "shop")
    assert sorted(found["data"]) == ["tls.crt", "tls.key"]
    assert (found["metadata"]["namespace"], found["metadata"]["name"]) == ("edge", "i2i-cert")
    assert found["metadata"]["labels"]["istio-migration.sealos.io/unit"] == "shop"
    assert "cert-manager.io/certificate-name" not in found["metadata"]["annotations"]
    assert found["metadata"]["annotations"]["istio-migration.sealos.io/sources"] == "Secret shop/cert"
    assert not was_edited(found)


@pytest.mark.parametrize("data", [None, {}, {"tls.crt": "eA=="}, {"tls.crt": "eA==", "tls.key": ""}])
def test_a_source_that_is_gone_or_empty_is_named(data: Any) -> None:
    api = MemoryApi() if data is None else MemoryApi({**secret(), "data": data})
    with pytest.raises(MissingSecretError, match=r"Secret shop/cert no longer holds tls\.crt and tls\.key"):
        gateway_secret(api, CREDENTIAL, "edge", "shop")


def test_names_without_a_certificate_get_a_self_signed_one_that_stays() -> None:
    api, credential = MemoryApi(), {"name": "default", "source": None, "fingerprint": ""}
    made = gateway_secret(api, credential, "edge", "shared.gateway")
    as_certificate = read_certificate(made)
    assert (as_certificate.problem, as_certificate.names) == ("", ("ingress.local",))
    api.put(made)
    again = gateway_secret(api, credential, "edge", "shared.gateway")
    assert again["data"] == made["data"]
    assert again["metadata"]["annotations"] == made["metadata"]["annotations"]


AUTHORITY = {"name": "i2i-cert-cacert", "source": {"namespace": "shop", "name": "cert"}, "authority": True}


def test_of_an_authority_only_its_certificate_and_what_it_revoked_are_copied() -> None:
    source = secret(GOOD, **{"ca.key": "c2VjcmV0", "ca.crt": "eA==", "ca.crl": "eQ=="})
    found = gateway_secret(MemoryApi(source), AUTHORITY, "edge", "shop")
    assert found["data"] == {"ca.crt": "eA==", "ca.crl": "eQ=="}
    assert not was_edited(found)
    assert was_edited({**found, "data": {"ca.crt": "eA=="}})


def test_an_authority_that_is_gone_is_named() -> None:
    with pytest.raises(MissingSecretError, match=r"Secret shop/cert no longer holds ca\.crt"):
        gateway_secret(MemoryApi(secret(GOOD)), AUTHORITY, "edge", "shop")
