# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of the gateway: copied from API to API, or made there; never written to a file. PRIVATE."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .._istio.ownership import stamp
from .._kube.objects import KubeObject, ObjectKey, mapping_at
from .api import Api
from .errors import ClusterError

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
except ImportError as error:  # reported by gateway_secret()
    _MISSING: ImportError | None = error
else:
    _MISSING = None

_TLS_KEYS = ("tls.crt", "tls.key")
_AUTHORITIES = "ca.crt"
_AUTHORITY_KEYS = ("ca.crt", "ca.crl")
_DAYS = 3650
_COMMON_NAME = "Gateway Default Certificate"


class MissingSecretError(ClusterError):
    """A Secret that a plan copies is gone; ``str()`` names it."""


def gateway_secret(api: Api, credential: Mapping[str, Any], namespace: str, unit: str) -> KubeObject:
    """Return the Secret for one credential of a plan: a copy of its source, or a self-signed certificate.

    A self-signed one that is there already stays. Raises MissingSecretError, ApiError, UnreachableError.
    """
    source = credential["source"]
    if source is None:
        live = api.get("Secret", namespace, credential["name"])
        data = mapping_at(live, "data") if live else _self_signed()
        return _secret(namespace, credential["name"], data, unit, ())
    key = ObjectKey("Secret", source["namespace"], source["name"])
    found = api.get("Secret", key.namespace, key.name)
    if credential.get("authority"):
        return _authority(found, credential["name"], namespace, unit, key)
    data = mapping_at(found, "data") if found else {}
    if credential.get("trust"):
        return _trust(namespace, credential["name"], data, unit, key)
    if not all(data.get(name) for name in _TLS_KEYS):
        raise MissingSecretError(f"{key} no longer holds tls.crt and tls.key, which the plan copies; convert again")
    return _secret(namespace, credential["name"], data, unit, (key,))


def _trust(namespace: str, name: str, data: Mapping[str, str], unit: str, source: ObjectKey) -> KubeObject:
    """Return what the gateway shows to backends: certificate and key if there are both, and authorities."""
    copied = {key: data[key] for key in (*_TLS_KEYS, _AUTHORITIES) if data.get(key)}
    if not all(key in copied for key in _TLS_KEYS):
        copied = {key: text for key, text in copied.items() if key == _AUTHORITIES}
    if not copied:
        raise MissingSecretError(f"{source} no longer holds certificates, which the plan copies; convert again")
    metadata = {"name": name, "namespace": namespace}
    secret: KubeObject = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": copied}
    return stamp(secret, unit, (source,))


def _authority(found: KubeObject | None, name: str, namespace: str, unit: str, key: ObjectKey) -> KubeObject:
    """Return the Secret by which the gateway knows an authority of clients: its certificate, and what it revoked."""
    data = mapping_at(found, "data") if found else {}
    if not data.get("ca.crt"):
        raise MissingSecretError(f"{key} no longer holds ca.crt, which the plan copies; convert again")
    secret: KubeObject = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "namespace": namespace},
        "data": {part: data[part] for part in _AUTHORITY_KEYS if data.get(part)},
    }
    return stamp(secret, unit, (key,))


def _secret(
    namespace: str, name: str, data: Mapping[str, str], unit: str, sources: tuple[ObjectKey, ...]
) -> KubeObject:
    # Only what the gateway needs is copied: no CA keys, annotations or owners (semantics.md C.4).
    secret: KubeObject = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": name, "namespace": namespace},
        "data": {key: data[key] for key in _TLS_KEYS},
    }
    return stamp(secret, unit, sources)


def _self_signed() -> dict[str, str]:
    """Return key and certificate for names that have none, as nginx makes them: nobody can trust it."""
    if _MISSING is not None:
        raise ClusterError(f"the Python library cryptography is needed on the controller: {_MISSING}")
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _COMMON_NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("ingress.local")]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "tls.crt": base64.b64encode(certificate.public_bytes(pem)).decode(),
        "tls.key": base64.b64encode(key).decode(),
    }
