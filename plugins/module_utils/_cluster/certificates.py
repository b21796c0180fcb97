# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a TLS Secret: names, dates, fingerprints, never a key (design.md, rule 11). PRIVATE."""

from __future__ import annotations

from datetime import UTC, datetime

from .._bundle.bundle import Certificate
from .._kube.digests import sha256_hex
from .._kube.objects import KubeObject, key_of
from .errors import ClusterError
from .secret_facts import secret_data

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID
except ImportError as error:  # reported by read_certificate()
    _MISSING: ImportError | None = error
else:
    _MISSING = None
    # A tenant writes the Secret: whatever the library says of it, it is the Secret's problem, not ours.
    _UNREADABLE: tuple[type[Exception], ...] = (
        IndexError,
        TypeError,
        UnsupportedAlgorithm,
        ValueError,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    )


def read_certificate(secret: KubeObject, now: datetime | None = None) -> Certificate:
    """Return what nginx and the gateway need to know of a Secret with ``tls.crt`` and ``tls.key``.

    A certificate that nginx could not load has a ``problem``; so has one whose key is not its own. ``now`` decides
    what is expired. Raises ClusterError when the library cryptography is missing.
    """
    if _MISSING is not None:
        raise ClusterError(f"the Python library cryptography is needed on the controller: {_MISSING}")
    key = key_of(secret)
    data = secret_data(secret)
    missing = [name for name in ("tls.crt", "tls.key") if not data.get(name)]
    if missing:
        return Certificate(key.namespace, key.name, problem=f"it holds no {' and no '.join(missing)}")
    chain, private = data["tls.crt"], data["tls.key"]
    try:
        leaf = x509.load_pem_x509_certificates(chain)[0]
        return Certificate(
            key.namespace,
            key.name,
            _names(leaf),
            _time(leaf.not_valid_before_utc),
            _time(leaf.not_valid_after_utc),
            leaf.fingerprint(hashes.SHA256()).hex(),
            sha256_hex(chain),
            expired=leaf.not_valid_after_utc < (now or datetime.now(UTC)),
            problem=_key_problem(leaf, private),
        )
    except _UNREADABLE as error:
        return Certificate(key.namespace, key.name, problem=f"tls.crt or tls.key cannot be read ({error})")


def _key_problem(leaf: x509.Certificate, private: bytes) -> str:
    loaded = serialization.load_pem_private_key(private, password=None)
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    same = loaded.public_key().public_bytes(*form) == leaf.public_key().public_bytes(*form)
    return "" if same else "tls.key does not belong to tls.crt"


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    """Return the DNS names of a certificate; the common name counts only where there is no alternative name."""
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        common = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(str(attribute.value) for attribute in common[-1:])  # the last one, as in Go's crypto/x509
    return tuple(sorted(set(extension.value.get_values_for_type(x509.DNSName))))


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
