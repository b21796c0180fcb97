# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client certificates (semantics.md A.3 81 to 86, B.14). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    """The annotations of this family on one Ingress."""


_NONE = ClientCertificates()


def read_client_certificates(_reader: Reader) -> ClientCertificates:
    """Return what the annotations of this family say."""
    return _NONE
