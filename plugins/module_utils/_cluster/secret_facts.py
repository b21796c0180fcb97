# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of Secrets that annotations name: formats and digests, never content (design.md, rule 11). PRIVATE."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from .._bundle.secrets import SecretFacts
from .._istio.passwords import user_lines
from .._kube.digests import digest
from .._kube.objects import KubeObject, MalformedObjectError, key_of, mapping_at
from .errors import ClusterError

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
except ImportError as error:  # reported by read_facts()
    _MISSING: ImportError | None = error
else:
    _MISSING = None

_FORMATS = (
    (re.compile(r"\{SHA\}[A-Za-z0-9+/]{27}=", re.ASCII), "sha"),
    (re.compile(r"\{SSHA\}.+"), "ssha"),
    (re.compile(r"\{PLAIN\}.*"), "plain"),
    (re.compile(r"\$apr1\$.+"), "apr1"),
    (re.compile(r"\$2[abxy]?\$.+"), "bcrypt"),
    (re.compile(r"\$[156]\$.+"), "crypt"),
    (re.compile(r"[./0-9A-Za-z]{13}", re.ASCII), "crypt"),
)


def read_facts(secret: KubeObject) -> SecretFacts:
    """Return what the plan needs to know of a Secret. Raises ClusterError when the library cryptography is missing."""
    if _MISSING is not None:
        raise ClusterError(f"the Python library cryptography is needed on the controller: {_MISSING}")
    key, data = key_of(secret), secret_data(secret)
    texts = secret_texts(data)
    return SecretFacts(
        key.namespace,
        key.name,
        tuple(sorted(data)),
        digest({name: base64.b64encode(value).decode() for name, value in data.items()}),
        _formats(texts, "auth-file"),
        _formats(texts, "auth-map"),
        _authority(data.get("ca.crt", b"")),
    )


def secret_data(secret: KubeObject) -> dict[str, bytes]:
    """Return the content of a Secret by key; what is not base64 is empty, as no API server would have it."""
    try:
        coded, plain = mapping_at(secret, "data"), mapping_at(secret, "stringData")
    except MalformedObjectError:
        return {}
    content = {str(name): _decoded(value) for name, value in coded.items()}
    return content | {str(name): str(value).encode("utf-8", "surrogatepass") for name, value in plain.items()}


def secret_texts(data: Mapping[str, bytes]) -> dict[str, str]:
    """Return contents as text, byte for byte."""
    return {name: value.decode("latin-1") for name, value in data.items()}


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(value) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _formats(texts: Mapping[str, str], form: str) -> tuple[str, ...]:
    return tuple(sorted({_format(hashed) for __, hashed in user_lines(texts, form)}))


def _format(hashed: str) -> str:
    return next((name for pattern, name in _FORMATS if pattern.fullmatch(hashed)), "malformed")


def _authority(pem: bytes) -> str:
    try:
        return x509.load_pem_x509_certificates(pem)[0].fingerprint(hashes.SHA256()).hex() if pem else ""
    except (IndexError, ValueError):
        return ""
