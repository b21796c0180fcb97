# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of Kubernetes objects: what is legal, and how ours are made. PRIVATE to the collection.

Names that come from a cluster or a manifest are untrusted until :func:`is_object_name` has accepted them: they
become file names and URL segments (design.md, rule 12).
"""

from __future__ import annotations

import re

from .digests import short_hash

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_NOT_LABEL = re.compile(r"[^a-z0-9]+")

LABEL_LIMIT = 63
SUBDOMAIN_LIMIT = 253


def is_dns_label(text: str) -> bool:
    """Tell whether ``text`` is an RFC 1123 label: namespaces, Gateways, ports, subsets."""
    return _LABEL.fullmatch(text) is not None


def is_object_name(text: str) -> bool:
    """Tell whether ``text`` is an RFC 1123 subdomain of at most 253 characters, as most object names must be."""
    return len(text) <= SUBDOMAIN_LIMIT and _SUBDOMAIN.fullmatch(text) is not None


def generated_name(*readable: str, identity: tuple[str, ...] | None = None, limit: int = LABEL_LIMIT) -> str:
    """Return a DNS label for a generated object: readable parts, then eight hex digits of its full identity.

    ``readable`` is made legal (``*`` becomes ``wildcard``, everything else that is no letter or digit a dash) and cut
    before the hash, so two identities never share a name by truncation (semantics.md C.14). ``identity`` defaults to
    the readable parts.
    """
    suffix = short_hash(*(readable if identity is None else identity))
    words = (_NOT_LABEL.sub("-", part.replace("*", "wildcard").lower()).strip("-") for part in readable)
    stem = "-".join(word for word in words if word)[: limit - len(suffix) - 1].rstrip("-")
    return f"{stem}-{suffix}" if stem else f"x-{suffix}"
