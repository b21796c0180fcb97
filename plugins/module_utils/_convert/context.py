# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all locations of one conversion share. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._kube.digests import digest
from .._nginx.site import Site
from .draft import Draft, ServiceHost
from .options import Options


@dataclass(slots=True)
class Context:
    """The site, the operator's options, and what the locations need from objects that they share.

    ``subsets`` are the connection settings that routes ask for: Service → subset name → traffic policy. A subset of our
    own keeps them from every other client of the Service (semantics.md C.6). ``foreign_rules`` are the full names of
    Services for which somebody else's DestinationRule exists, with its name. ``knows_services`` tells that a Service
    that is not in the site does not exist.
    """

    site: Site
    options: Options
    subsets: dict[ServiceHost, dict[str, dict[str, Any]]] = field(default_factory=dict)
    foreign_rules: Mapping[str, str] = field(default_factory=dict)
    knows_services: bool = True

    def subset(self, draft: Draft, service: ServiceHost, policy: Mapping[str, Any]) -> str:
        """Return the name of the subset of ``service`` that has ``policy``, which routes of ``draft`` name."""
        name = f"ingress-{digest(policy)[:8]}"
        self.subsets.setdefault(service, {})[name] = {"trafficPolicy": dict(policy)}
        draft.subsets.setdefault(service, set()).add(name)
        return name

    def place_for(self, namespace: str, service: str) -> str:
        """Return the namespace for what is said of a Service: its own, the gateway's where there is no such Service.

        A namespace that does not exist takes no object, and the whole wave would fail.
        """
        exists = not self.knows_services or (namespace, service) in self.site.services
        return namespace if exists else self.options.gateway_namespace

    def service_host(self, namespace: str, service: str) -> str:
        """Return the full name of a Service."""
        return f"{service}.{namespace}.svc.{self.options.cluster_domain}"
