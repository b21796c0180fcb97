# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The families of behaviour, in the order of nginx's phases. PRIVATE to the collection.

An annotation that no family names is not carried over; its hosts stay on nginx (design.md, rule 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .._findings.finding import Finding
from .access import address_list
from .context import Context
from .cors import cross_origin
from .differences import Predicate
from .draft import Draft
from .redirects import add_slash, keeps_slash, to_https
from .resilience import idle_timeout, retries
from .rewrite import rewrite
from .upstream import backend


@dataclass(frozen=True, slots=True)
class Family:
    """One behaviour: the annotations that steer it, the function that carries it into a draft, and what differs."""

    annotations: tuple[str, ...]
    carry: Callable[[Draft, Context], list[Finding]]
    predicates: tuple[Predicate, ...] = ()


FAMILIES: tuple[Family, ...] = (
    Family((), add_slash),
    Family(
        (
            "enable-cors",
            "cors-allow-origin",
            "cors-allow-methods",
            "cors-allow-headers",
            "cors-allow-credentials",
            "cors-expose-headers",
            "cors-max-age",
        ),
        cross_origin,
    ),
    Family(("ssl-redirect", "force-ssl-redirect", "preserve-trailing-slash"), to_https, (keeps_slash,)),
    Family(("backend-protocol", "proxy-connect-timeout"), backend),
    Family(("rewrite-target", "use-regex"), rewrite),
    Family(("allowlist-source-range",), address_list),
    Family(("proxy-read-timeout", "proxy-send-timeout"), idle_timeout),
    Family(("proxy-next-upstream", "proxy-next-upstream-tries"), retries),
)

CARRIED: frozenset[str] = frozenset(name for family in FAMILIES for name in family.annotations)
"""The annotations that are carried over."""
