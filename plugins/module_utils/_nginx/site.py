# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site: the effective nginx model of a bundle (design.md, Words). PRIVATE to the collection.

Servers (hosts) hold locations in the order of nginx's configuration file; each location holds the policy of the
Ingress that owns it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .._kube.objects import KubeObject
from .families.affinity import Affinity
from .families.canary import Canary
from .families.client_certificates import NO_CLIENT_CERTIFICATES, ClientCertificates
from .families.connection import Connection
from .ingress import Ingress
from .policy import Policy
from .settings import Settings
from .snippets.blocks import NOTHING, Block

DEFAULT_SERVER = "_"


class Problem(Enum):
    """Why an upstream cannot answer; nginx answers 503 for it (semantics.md B.5), 502 where it cannot reach it."""

    NONE = ""
    NO_SERVICE = "the Service does not exist"
    NO_PORT = "the Service has no such port"
    UNREACHABLE = "the Service has no such port of its own, and service-upstream asks the Service itself"
    NO_ENDPOINTS = "no endpoint is ready"


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service: its number, and the protocol that its name or appProtocol declares (may be empty)."""

    number: int
    name: str
    protocol: str

    def is_called(self, written: str) -> bool:
        """Tell whether ``written`` is its own number or name, not that of its target."""
        return written in (str(self.number), self.name)


@dataclass(slots=True, eq=False)
class Upstream:
    """A backend: Service and port as an Ingress writes it. ``port`` is None while :attr:`problem` says why.

    ``external_name`` is the name of an ExternalName Service, which is asked on ``port``. ``canary`` says which requests
    an upstream that a canary Ingress made gets, None for all others; ``alternative`` is the upstream that shares the
    requests of this one (semantics.md B.10). ``connection`` is that of the first Ingress that uses the upstream,
    ``affinity`` the cookie of the last that asks for one; ``sticky`` are the hosts and paths that set the cookie (B.1).
    """

    namespace: str
    service: str
    written_port: str
    port: ServicePort | None
    problem: Problem
    external_name: str = ""
    connection: Connection = field(default_factory=Connection)
    affinity: Affinity = field(default_factory=Affinity)
    sticky: set[tuple[str, str]] = field(default_factory=set)
    canary: Canary | None = None
    alternative: Alternative | None = None

    @property
    def name(self) -> str:
        """Namespace, Service and port as written, which is what nginx names an upstream by."""
        return f"{self.namespace}/{self.service}:{self.written_port}"


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """A canary backend: the Ingress that attached it first, and its upstream."""

    ingress: Ingress
    upstream: Upstream


@dataclass(slots=True, eq=False)
class Location:
    """One nginx location.

    ``path`` and ``type`` are nginx's, after normalisation; ``rule_path`` is the path as the Ingress writes it.
    ``upstream`` is None for the controller's default backend; where it stands in for a backend without endpoints, that
    is ``replaced``. ``fallback`` is the default backend that the Ingress names, None where it cannot be used.
    ``origin`` names rule and path for route names; ``implicit`` marks the ``/`` that nginx adds to every server
    (semantics.md B.5). ``status`` is what nginx answers in a location of its own, 0 in all others.
    """

    path: str
    type: str
    rule_path: str
    ingress: Ingress | None
    policy: Policy
    upstream: Upstream | None
    origin: str
    implicit: bool = False
    fallback: Upstream | None = None
    replaced: Upstream | None = None
    status: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Passthrough:
    """Where TLS connections for the name of a host go: ``backend`` gets them unopened (semantics.md A.1 8).

    ``problem`` says why no connection comes about, empty in the ordinary case; then ``backend`` may be None.
    """

    backend: Upstream | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ServedCertificate:
    """The certificate nginx shows for a host (semantics.md B.6).

    ``secret`` is (namespace, name), or None for the controller's default certificate; then ``reason`` says why.
    ``configured`` tells whether the https redirect counts the host as having one.
    """

    secret: tuple[str, str] | None = None
    reason: str = ""
    configured: bool = False


@dataclass(slots=True, eq=False)
class Server:
    """One host, ``_`` for all that no rule names.

    ``ingresses`` are all that have a rule for the host, oldest first, canaries included. ``regex`` tells whether all
    paths are regular expressions (semantics.md B.2). ``redirects_to`` is the host to which a server leads that
    ``from-to-www-redirect`` made, empty for all others. ``client_certificates`` is what the host asks of its clients.
    ``snippet`` is what somebody wrote by hand for all of it.
    ``passthrough`` is where the TLS connections for its name go unopened, None where nginx ends them.
    ``ciphers`` is a list of TLS 1.2 ciphers for it alone, empty for none.
    ``alias_of`` is the host whose locations a further name shares, empty for a host of its own; ``alias_patterns`` are
    the further names of a host that stand for many.
    """

    host: str
    locations: list[Location]
    ingresses: list[Ingress] = field(default_factory=list)
    certificate: ServedCertificate = field(default_factory=ServedCertificate)
    regex: bool = False
    client_certificates: ClientCertificates = NO_CLIENT_CERTIFICATES
    redirects_to: str = ""
    snippet: Block = NOTHING
    passthrough: Passthrough | None = None
    ciphers: str = ""
    alias_of: str = ""
    alias_patterns: tuple[str, ...] = ()

    @property
    def namespaces(self) -> list[str]:
        """The namespaces that share this host, sorted."""
        return sorted({ingress.namespace for ingress in self.ingresses})


@dataclass(slots=True)
class Site:
    """All servers by host, and what is true of them all.

    ``default_upstream`` is the controller's ``--default-backend-service``; without one nginx answers 404 itself.
    ``shadowed`` lists the rules without effect: host, the location they would have made, the one that is there.
    """

    settings: Settings
    servers: dict[str, Server]
    services: dict[tuple[str, str], KubeObject]
    default_upstream: Upstream | None = None
    shadowed: list[tuple[str, Location, Location]] = field(default_factory=list)
