# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging all Ingresses into servers and locations, as nginx does (semantics.md B.1, B.5, B.6, B.10). PRIVATE.

Source: ingress-nginx ``internal/ingress/controller/controller.go``: createServers, getBackendServers,
mergeAlternativeBackends, extractTLSSecretName.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._bundle.bundle import Bundle, Certificate
from .._kube.hosts import certificate_covers, parent_wildcard
from .._kube.objects import KubeObject, ObjectKey, key_of, mappings_at
from .ingress import PREFIX, Backend, Ingress, Path
from .intake import Intake
from .locations import in_file_order, is_regex
from .policy import Policy, read_policy
from .settings import Settings
from .site import DEFAULT_SERVER, Location, ServedCertificate, Server, Site, Upstream
from .upstreams import Upstreams
from .www import add_www_servers


def build_site(bundle: Bundle, intake: Intake) -> Site:
    """Return the site of ``bundle`` whose Ingresses are ``intake``."""
    services = {(key.namespace, key.name): obj for obj in bundle.of("Service") for key in (key_of(obj),)}
    upstreams = Upstreams(services, bundle.serving, intake.settings)
    merge = _Merge(intake, upstreams)
    merge.create_servers()
    merge.add_locations()
    merge.attach_canaries()
    _choose_certificates(merge.servers, bundle.certificates, intake)
    add_www_servers(merge.servers, bundle.certificates)
    for server in merge.servers.values():
        server.locations = in_file_order(server.locations)
        server.regex = any(map(is_regex, server.locations))
    default = _default_upstream(intake.settings, services, upstreams)
    return Site(intake.settings, merge.servers, services, default, merge.shadowed)


class _Merge:
    """The servers as they grow, Ingress by Ingress, oldest first."""

    def __init__(self, intake: Intake, upstreams: Upstreams) -> None:
        self._intake = intake
        self._upstreams = upstreams
        self._located: dict[tuple[str, str], list[Location]] = {}
        # An upstream belongs to whoever uses it first; one that a canary used first serves no location of its own.
        self._canary_only = self._first_used_by_canary()
        self.servers: dict[str, Server] = {}
        self.shadowed: list[tuple[str, Location, Location]] = []

    def _first_used_by_canary(self) -> set[tuple[str, str, str]]:
        first: dict[tuple[str, str, str], bool] = {}
        for ingress, policy in self._intake.ingresses:
            for backend in _backends(ingress):
                first.setdefault(_identity(ingress, backend), policy.canary)
        return {identity for identity, canary in first.items() if canary}

    def create_servers(self) -> None:
        """Make the servers with their implicit ``/``, which carries the policy of the oldest Ingress of the host."""
        self.servers[DEFAULT_SERVER] = Server(DEFAULT_SERVER, [])
        nobody = Ingress(ObjectKey("Ingress", "", ""), "", {}, None, None, None, (), ())
        policy = read_policy(nobody, self._intake.settings).policy
        fallback = Location("/", PREFIX, "/", None, policy, None, "default", implicit=True)
        self._add(DEFAULT_SERVER, fallback)
        for ingress, policy in self._intake.ingresses:
            if policy.canary:
                continue
            if ingress.default_backend and not ingress.rules and fallback in self.servers[DEFAULT_SERVER].locations:
                self._replace(DEFAULT_SERVER, fallback, self._catch_all(ingress, policy))
            for rule in ingress.rules:
                host = rule.host or DEFAULT_SERVER
                if host not in self.servers:
                    self.servers[host] = Server(host, [])
                    self._add(host, self._implicit(ingress, policy))

    def _implicit(self, ingress: Ingress, policy: Policy) -> Location:
        backend = ingress.default_backend
        upstream = self._upstreams.get(ingress.namespace, backend) if backend else None
        return Location("/", PREFIX, "/", ingress, policy, upstream, "default", implicit=True)

    def _catch_all(self, ingress: Ingress, policy: Policy) -> Location:
        """An Ingress of a backend and no rules: all of its annotations count but those on rewrites and redirects."""
        without = replace(policy, use_regex=False, rewrite_target="", ssl_redirect=False, force_ssl_redirect=False)
        return replace(self._implicit(ingress, without), implicit=False)

    def _add(self, host: str, location: Location) -> None:
        self.servers[host].locations.append(location)
        self._located.setdefault((host, location.path), []).append(location)

    def add_locations(self) -> None:
        """Add the paths of all rules; a path that is there already keeps its first owner."""
        for ingress, policy in self._intake.ingresses:
            for rule_number, rule in enumerate(ingress.rules):
                host = rule.host or DEFAULT_SERVER
                server = self.servers.get(host, self.servers[DEFAULT_SERVER])
                if server.host == host:
                    self._count_in(server, ingress)
                for path_number, path in enumerate(rule.paths or ()):
                    if path.backend and _identity(ingress, path.backend) not in self._canary_only:
                        upstream = self._upstreams.get(ingress.namespace, path.backend)
                        origin = f"{rule_number}-{path_number}"
                        location = Location(path.path, path.type, path.path, ingress, policy, upstream, origin)
                        self._count_in(server, ingress)
                        self._add_unless_taken(server.host, location)

    def _count_in(self, server: Server, ingress: Ingress) -> None:
        if ingress not in server.ingresses[-1:]:
            server.ingresses.append(ingress)

    def _add_unless_taken(self, host: str, new: Location) -> None:
        # nginx looks only at the first location of a path: one of another type does not stop it.
        first = next(iter(self._located.get((host, new.path), ())), None)
        if first is None or first.type != new.type:
            self._add(host, new)
        elif not first.implicit:
            self.shadowed.append((host, new, first))
        else:
            self._replace(host, first, new)

    def _replace(self, host: str, old: Location, new: Location) -> None:
        for kept in (self._located[(host, old.path)], self.servers[host].locations):
            kept[kept.index(old)] = new

    def attach_canaries(self) -> None:
        """Attach canary backends to the upstreams of the locations that their paths name (semantics.md B.10)."""
        for ingress, policy in self._intake.ingresses:
            if not policy.canary:
                continue
            for rule in ingress.rules:
                host = rule.host or DEFAULT_SERVER
                for path in rule.paths or ():
                    if path.backend is not None:
                        alternative = self._upstreams.get(ingress.namespace, path.backend)
                        self._attach(ingress, alternative, path, self._located.get((host, path.path), []))

    def _attach(self, ingress: Ingress, alternative: Upstream, path: Path, locations: list[Location]) -> None:
        for location in locations:
            primary = location.upstream
            if primary is None or location.type != path.type or primary is alternative:
                continue
            if ingress not in primary.canaries:
                primary.canaries.append(ingress)


def _default_upstream(
    settings: Settings, services: Mapping[tuple[str, str], KubeObject], upstreams: Upstreams
) -> Upstream | None:
    """Return the controller's default backend: the first port of the Service that its argument names."""
    service = services.get(settings.default_backend) if settings.default_backend else None
    ports = mappings_at(service, "spec", "ports") if service else []
    if not settings.default_backend or not ports:
        return None
    namespace, name = settings.default_backend
    return upstreams.get(namespace, Backend(name, ports[0].get("port", 0)))


def _backends(ingress: Ingress) -> list[Backend]:
    paths = [path.backend for rule in ingress.rules for path in rule.paths or ()]
    return [backend for backend in (ingress.default_backend, *paths) if backend is not None]


def _identity(ingress: Ingress, backend: Backend) -> tuple[str, str, str]:
    return (ingress.namespace, backend.service, str(backend.port))


def _choose_certificates(
    servers: Mapping[str, Server], certificates: Mapping[tuple[str, str], Certificate], intake: Intake
) -> None:
    """Give each server the certificate nginx shows for it (semantics.md B.6)."""
    canaries = {ingress.key for ingress, policy in intake.ingresses if policy.canary}
    for server in servers.values():
        deciding = next((i for i in server.ingresses if i.tls and i.key not in canaries), None)
        if server.host != DEFAULT_SERVER and deciding:
            server.certificate = _served(server.host, deciding, certificates)
    configured = {host for host, server in servers.items() if server.certificate.configured}
    for host, server in servers.items():
        # The redirect looks for the name of the request, then for its wildcard parent.
        if parent_wildcard(host) in configured and not server.certificate.configured:
            server.certificate = ServedCertificate(
                servers[str(parent_wildcard(host))].certificate.secret,
                servers[str(parent_wildcard(host))].certificate.reason,
                configured=True,
            )


def _served(host: str, ingress: Ingress, certificates: Mapping[tuple[str, str], Certificate]) -> ServedCertificate:
    name = _secret_name(host, ingress, certificates)
    if not name:
        return ServedCertificate(reason="spec.tls names no Secret for the host", configured=True)
    certificate = certificates.get((ingress.namespace, name))
    if certificate is None or certificate.problem:
        problem = certificate.problem if certificate else "it does not exist"
        return ServedCertificate(reason=f"Secret {ingress.namespace}/{name} cannot be used: {problem}", configured=True)
    if not any(certificate_covers(valid, host) for valid in certificate.names):
        return ServedCertificate(reason=f"Secret {ingress.namespace}/{name} is not valid for the host", configured=True)
    return ServedCertificate((ingress.namespace, name), configured=True)


def _secret_name(host: str, ingress: Ingress, certificates: Mapping[tuple[str, str], Certificate]) -> str:
    for entry in ingress.tls:
        if any(listed.lower() == host.lower() for listed in entry.hosts):
            return entry.secret
    for entry in ingress.tls:
        certificate = certificates.get((ingress.namespace, entry.secret))
        if certificate and not certificate.problem and any(certificate_covers(n, host) for n in certificate.names):
            return entry.secret
    return ""
