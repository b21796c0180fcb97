# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate authority of one sandbox, and what it signs."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox import layout

if TYPE_CHECKING:
    from pathlib import Path

_VALIDITY: Final = datetime.timedelta(days=365)
# Clocks of client and server are the same one; this covers a clock that is set back a little.
_BACKDATING: Final = datetime.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """One certificate to issue: a server's when it has alternative names, else a client's."""

    file: str
    common_name: str
    organization: str | None = None
    alternative_names: tuple[str, ...] = ()


# Users and groups are those of https://kubernetes.io/docs/reference/access-authn-authz/rbac/#core-component-roles
IDENTITIES: Final = (
    Identity(
        "kube-apiserver",
        "kube-apiserver",
        alternative_names=(
            "127.0.0.1",
            layout.NODE_ADDRESS,
            layout.API_SERVICE_ADDRESS,
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            f"kubernetes.default.svc.{layout.DNS_DOMAIN}",
        ),
    ),
    Identity("kubelet", layout.NODE_NAME, alternative_names=(layout.NODE_ADDRESS, layout.NODE_NAME)),
    Identity("admin", "sandbox-admin", "system:masters"),
    Identity("kube-controller-manager", "system:kube-controller-manager"),
    Identity("kube-scheduler", "system:kube-scheduler"),
    Identity("kube-proxy", "system:kube-proxy"),
    # The agent is kubelet and load balancer controller in one: no built-in role covers both.
    Identity("agent", "sandbox-agent", "system:masters"),
    Identity("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _name(common_name: str, organization: str | None = None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization is not None:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def _alternative_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that exists for one sandbox."""

    subject: x509.Name
    key: ec.EllipticCurvePrivateKey
    now: datetime.datetime

    @classmethod
    def new(cls, common_name: str) -> Authority:
        """An authority with a new key."""
        return cls(_name(common_name), ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        """A certificate with both key identifiers: Python 3.13 and others refuse one without (RFC 5280 4.2.1)."""
        own, authority = x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - _BACKDATING)
            .not_valid_after(self.now + _VALIDITY)
            .add_extension(own.from_public_key(key), critical=False)
            .add_extension(authority.from_issuer_public_key(self.key.public_key()), critical=False)
        )

    def certificate(self) -> bytes:
        """Its own certificate, PEM."""
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        made = (
            self._builder(self.subject, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)

    def issue(self, identity: Identity) -> tuple[bytes, bytes]:
        """A certificate for an identity and its private key, both PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        server = bool(identity.alternative_names)
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        subject = _name(identity.common_name, identity.organization)
        builder = self._builder(subject, key.public_key()).add_extension(
            x509.ExtendedKeyUsage([purpose]), critical=False
        )
        if server:
            names = [_alternative_name(name) for name in identity.alternative_names]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        made = builder.sign(self.key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM), _private_pem(key)


def create(folder: Path) -> None:
    """Fill an absent or empty folder: ca.crt and ca.key, FILE.crt and FILE.key per identity, sa.key and sa.pub."""
    folder.mkdir(mode=0o700, exist_ok=True)
    authority = Authority.new("sandbox-ca")
    (folder / "ca.crt").write_bytes(authority.certificate())
    _write_private(folder / "ca.key", _private_pem(authority.key))
    for identity in IDENTITIES:
        certificate, key = authority.issue(identity)
        (folder / f"{identity.file}.crt").write_bytes(certificate)
        _write_private(folder / f"{identity.file}.key", key)
    service_accounts = ec.generate_private_key(ec.SECP256R1())
    _write_private(folder / "sa.key", _private_pem(service_accounts))
    (folder / "sa.pub").write_bytes(
        service_accounts.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
