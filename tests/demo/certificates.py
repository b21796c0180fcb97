# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of the demo, made anew for each run: one wildcard, copied into many namespaces, and others."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from sandbox.pki import Authority, Identity

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

APEX: Final = "cloud.example.test"


def secrets(wanted: Mapping[tuple[str, str], Collection[str]]) -> tuple[list[dict[str, Any]], bytes]:
    """The TLS Secrets for the names wanted of each (namespace, name), and the certificate of who issued them (PEM).

    Where the wildcard of the platform covers all names it is the wildcard, else a certificate for just these names.
    """
    authority = Authority.new("demo-ca")
    wildcard = authority.issue(Identity("wildcard", APEX, alternative_names=(APEX, f"*.{APEX}")))
    made = []
    for (namespace, name), hosts in sorted(wanted.items()):
        if all(map(_wildcard_covers, hosts)):
            made.append(_secret(namespace, name, *wildcard))
        else:
            first, *others = sorted(hosts)
            own = authority.issue(Identity(name, first, alternative_names=(first, *others)))
            made.append(_secret(namespace, name, *own))
    return made, authority.certificate()


def _wildcard_covers(host: str) -> bool:
    return host == APEX or host.partition(".")[2] == APEX


def _secret(namespace: str, name: str, certificate: bytes, key: bytes) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": name},
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": base64.b64encode(certificate).decode(), "tls.key": base64.b64encode(key).decode()},
    }
