# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import contextlib
import datetime
import json
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox import kubeconfig, pki


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pki")
    pki.create(made)
    return made


def _certificate(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())


@pytest.mark.parametrize("identity", pki.IDENTITIES, ids=lambda identity: identity.file)
def test_certificates_are_what_their_owners_need(folder: Path, identity: pki.Identity) -> None:
    certificate = _certificate(folder, identity.file)
    certificate.verify_directly_issued_by(_certificate(folder, "ca"))
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == identity.common_name
    purpose = next(iter(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value))
    server = bool(identity.alternative_names)
    assert purpose == (ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH)
    now = datetime.datetime.now(datetime.UTC)
    assert certificate.not_valid_before_utc < now < certificate.not_valid_after_utc
    key = load_pem_private_key((folder / f"{identity.file}.key").read_bytes(), None)
    assert key.public_key() == certificate.public_key()


@pytest.mark.parametrize("client", ["admin", "agent"])
def test_a_strict_client_and_the_api_server_trust_each_other(folder: Path, client: str) -> None:
    """As Python 3.13 verifies by default."""
    ours = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    ours.verify_flags |= ssl.VERIFY_X509_STRICT
    ours.load_cert_chain(folder / f"{client}.crt", folder / f"{client}.key")
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(folder / "kube-apiserver.crt", folder / "kube-apiserver.key")
    theirs.load_verify_locations(folder / "ca.crt")
    theirs.verify_mode = ssl.CERT_REQUIRED
    theirs.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        ours.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
        theirs.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for side in sides:
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    assert all(side.version() == "TLSv1.3" for side in sides)
    assert sides[1].getpeercert()


def test_keys_are_private(folder: Path) -> None:
    keys = list(folder.glob("*.key"))
    assert len(keys) == len(pki.IDENTITIES) + 2  # the authority's and that of service accounts
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}


def test_a_kubeconfig_has_everything_in_it(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    kubeconfig.write(path, context="cluster-a", server="https://127.0.0.1:20100", pki=folder, identity="admin")
    assert path.stat().st_mode & 0o777 == 0o600
    config = json.loads(path.read_text(encoding="utf-8"))
    assert config["current-context"] == "cluster-a"
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:20100"
    embedded = base64.b64decode(config["users"][0]["user"]["client-certificate-data"])
    assert embedded == (folder / "admin.crt").read_bytes()
