# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator decides about a conversion. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._findings.finding import Finding


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One finding code that the operator accepts: everywhere, for a host, or for a namespace."""

    code: str
    host: str = ""
    namespace: str = ""
    reason: str = ""

    def covers(self, finding: Finding) -> bool:
        """Tell whether ``finding`` is meant."""
        return (
            finding.code == self.code
            and self.host in ("", finding.host)
            and self.namespace in ("", finding.source.key.namespace)
        )


@dataclass(frozen=True, slots=True)
class Options:
    """All that a plan depends on besides its bundle; :meth:`as_dict` is what the plan's name is hashed over.

    ``gateway_selector`` are the labels of the gateway Pods; ``traffic_policy`` is ``externalTrafficPolicy`` of the
    gateway's Service. ``waves`` lists namespaces wave by wave; units that it does not name follow in waves of at most
    ``wave_hosts`` hosts. ``namespaces`` restricts the plan to units that touch them, empty is all. ``search_requests``
    is how many requests the search for a counter-example tries. ``format`` is ``json``, or ``yaml`` to have the objects
    as manifests for a GitOps repository, too. ``istio_release`` is (major, minor) of an Istio that lacks something,
    None for one that is new enough, or not known.
    """

    gateway_namespace: str = "ingress-nginx"
    gateway_selector: Mapping[str, str] = field(default_factory=lambda: {"istio": "ingress"})
    traffic_policy: str = "Local"
    cluster_domain: str = "cluster.local"
    accept: tuple[Acceptance, ...] = ()
    namespaces: tuple[str, ...] = ()
    waves: tuple[tuple[str, ...], ...] = ()
    wave_hosts: int = 50
    search_requests: int = 20_000
    format: str = "json"
    istio_release: tuple[int, int] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the options as they stand in ``plan.json``."""
        return {
            "gateway_namespace": self.gateway_namespace,
            "gateway_selector": dict(self.gateway_selector),
            "traffic_policy": self.traffic_policy,
            "cluster_domain": self.cluster_domain,
            "accept": [
                {"code": item.code, "host": item.host, "namespace": item.namespace, "reason": item.reason}
                for item in self.accept
            ],
            "namespaces": list(self.namespaces),
            "waves": [list(wave) for wave in self.waves],
            "wave_hosts": self.wave_hosts,
            "search_requests": self.search_requests,
            "format": self.format,
            "istio_release": ".".join(map(str, self.istio_release)) if self.istio_release else "",
        }
