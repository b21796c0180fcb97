# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order objects are written and removed (design.md, Generated objects). PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable

from .._kube.objects import KubeObject, key_of

# What is referred to comes before what refers to it: a route to a subset that is not there yet answers 503.
WRITE_ORDER = (
    "Secret",
    "ServiceEntry",
    "DestinationRule",
    "EnvoyFilter",
    "AuthorizationPolicy",
    "VirtualService",
    "Gateway",
)


def in_write_order(objects: Iterable[KubeObject]) -> list[KubeObject]:
    """Return ``objects`` in the order in which they are written."""
    return sorted(objects, key=lambda obj: (WRITE_ORDER.index(obj["kind"]), key_of(obj)))


def in_removal_order(objects: Iterable[KubeObject]) -> list[KubeObject]:
    """Return ``objects`` in the order in which they are removed, the reverse of writing."""
    return in_write_order(objects)[::-1]
