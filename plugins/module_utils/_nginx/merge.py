# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging all Ingresses into servers and locations, as nginx does (semantics.md B.1, B.5, B.6, B.10). PRIVATE.

Source: ingress-nginx ``internal/ingress/controller/controller.go``: createServers, getBackendServers,
mergeAlternativeBackends, extractTLSSecretName.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from .._bundle.bundle import Bundle, Certificate
from .._kube.hosts import certificate_covers, parent_wildcard
from .._kube.objects import KubeObject, ObjectKey, key_of, mappings_at
from .aliases import add_aliases
from .fallbacks import use_fallbacks
from .families.affinity import Affinity
from .families.client_certificates import NO_CLIENT_CERTIFICATES, ClientCertificates, merged
from .ingress import PREFIX, Backend, Ingress, Path
from .intake import Intake
from .locations import in_file_order, is_regex
from .own_locations import add_own_locations
from .passthrough import pass_through
from .policy import Policy, read_policy
from .settings import Settings
from .site import DEFAULT_SERVER, Alternative, Location, Problem, ServedCertificate, Server, Site, Upstream
from .snippets.hosts import take_snippets
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
    use_fallbacks(merge.servers.values(), services, upstreams)
    _choose_certificates(merge.servers, bundle.certificates, intake)
    _ask_for_certificates(merge.servers, intake)
    add_www_servers(merge.servers, bundle.certificates)
    for server in merge.servers.values():
        server.locations = in_file_order(server.locations)
        server.regex = any(map(is_regex, server.locations))
    _choose_ciphers(merge.servers.values(), intake)
    if intake.settings.ssl_passthrough:
        asking = {i.key for i, policy in intake.ingresses if policy.hosts.passthrough and not policy.canary}
        pass_through(merge.servers.values(), asking, services)
    add_own_locations(merge.servers[DEFAULT_SERVER], intake.settings)
    take_snippets(merge.servers, intake)
    add_aliases(merge.servers, intake.ingresses, bundle.certificates)
    default = _default_upstream(intake.settings, services, upstreams)
    return Site(intake.settings, merge.servers, services, default, merge.shadowed)


class _Merge:
    """The servers as they grow, Ingress by Ingress, oldest first."""

    def __init__(self, intake: Intake, upstreams: Upstreams) -> None:
        self._intake = intake
        self._upstreams = upstreams
        self._located: dict[tuple[str, str], list[Location]] = {}
        self._known: dict[tuple[str, str, str], Upstream] = {}
        # An upstream belongs to whoever uses it first; one that a canary used first serves no location of its own.
        self._makers = self._first_uses()
        self._canary_only = {identity for identity, policy in self._makers.items() if policy.canary}
        self.servers: dict[str, Server] = {}
        self.shadowed: list[tuple[str, Location, Location]] = []

    def _first_uses(self) -> dict[tuple[str, str, str], Policy]:
        first: dict[tuple[str, str, str], Policy] = {}
        for ingress, policy in self._intake.ingresses:
            for backend in _backends(ingress):
                first.setdefault(_identity(ingress, backend), policy)
        return first

    def _upstream(self, ingress: Ingress, backend: Backend) -> Upstream:
        """Return the upstream of ``backend``, which has the policy of the first Ingress that uses it."""
        identity = _identity(ingress, backend)
        if identity not in self._known:
            upstream = self._upstreams.get(ingress.namespace, backend)
            maker = self._makers[identity]
            upstream.connection = maker.connection
            if maker.connection.by_service and upstream.port and not upstream.port.is_called(identity[2]):
                upstream.problem = Problem.UNREACHABLE
            upstream.canary = maker.split if maker.canary else None
            self._known[identity] = upstream
        return self._known[identity]

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
        upstream = self._upstream(ingress, backend) if backend else None
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
                        upstream = self._upstream(ingress, path.backend)
                        origin = f"{rule_number}-{path_number}"
                        location = Location(path.path, path.type, path.path, ingress, policy, upstream, origin)
                        self._count_in(server, ingress)
                        self._add_unless_taken(server.host, location)
                        _bind(upstream, policy.affinity, (server.host, path.path))

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
        """Attach canary backends to the upstreams of the locations that their paths name (semantics.md B.10).

        Source: ingress-nginx ``controller.mergeAlternativeBackends``. Only the first backend that is attached to an
        upstream counts. One that finds no location for a path is removed, even where it is attached elsewhere.
        """
        removed: set[int] = set()
        attached: list[Upstream] = []
        for ingress, policy in self._intake.ingresses:
            if not policy.canary:
                continue
            for host, path, backend in _paths(ingress):
                alternative = self._upstream(ingress, backend)
                server = self.servers.get(host)
                if server is None or id(alternative) in removed:
                    continue
                found = _primaries(server, path, alternative)
                if found is None:
                    continue
                for primary in found:
                    if primary.alternative is None:
                        if policy.affinity.follows_canary:
                            alternative.affinity, alternative.sticky = primary.affinity, primary.sticky
                        primary.alternative = Alternative(ingress, alternative)
                        attached.append(primary)
                if not found:
                    removed.add(id(alternative))
        for primary in attached:
            if primary.alternative and id(primary.alternative.upstream) in removed:
                primary.alternative = None


def _bind(upstream: Upstream, affinity: Affinity, place: tuple[str, str]) -> None:
    """Let a cookie bind clients to endpoints: the first mode, and otherwise the last cookie that is asked for."""
    mode = upstream.affinity.mode or affinity.mode
    if affinity.cookie:
        upstream.affinity = replace(affinity, mode=mode)
        upstream.sticky.add(place)
    elif mode != upstream.affinity.mode:
        upstream.affinity = replace(upstream.affinity, mode=mode)


def _paths(ingress: Ingress) -> Iterator[tuple[str, Path | None, Backend]]:
    """Yield host, path and backend of all that an Ingress asks for; its default backend is for any path."""
    if ingress.default_backend:
        yield DEFAULT_SERVER, None, ingress.default_backend
    for rule in ingress.rules:
        for path in rule.paths or ():
            if path.backend is not None:
                yield rule.host or DEFAULT_SERVER, path, path.backend


def _primaries(server: Server, path: Path | None, alternative: Upstream) -> list[Upstream] | None:
    """Return the upstreams that a canary path shares requests with; None where it would share them with itself."""
    found: list[Upstream] = []
    for location in server.locations:
        if location.upstream is alternative:
            return None
        same = path is None or (location.path == path.path and location.type == path.type)
        if location.upstream and same:
            found.append(location.upstream)
    return found


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


def _ask_for_certificates(servers: Mapping[str, Server], intake: Intake) -> None:
    """Tell each server what it asks of its clients (semantics.md A.3 81).

    A rule for a host that no server has, which is one of a canary alone, speaks of the default server. Source:
    ingress-nginx ``controller.getBackendServers``; docs/real-planes.md.
    """
    asking: dict[str, list[ClientCertificates]] = {}
    for ingress, policy in intake.ingresses:
        if policy.client_certificates is not NO_CLIENT_CERTIFICATES:
            hosts = [rule.host or DEFAULT_SERVER for rule in ingress.rules if rule.paths is not None or not rule.host]
            for host in dict.fromkeys(host if host in servers else DEFAULT_SERVER for host in hosts):
                asking.setdefault(host, []).append(policy.client_certificates)
    for host, wanted in asking.items():
        servers[host].client_certificates = merged(wanted)


def _choose_ciphers(servers: Iterable[Server], intake: Intake) -> None:
    """Give each server the ciphers of the oldest Ingress that names any."""
    asking = {i.key: policy.hosts.ciphers for i, policy in intake.ingresses if policy.hosts.ciphers}
    if not asking:
        return
    canaries = {ingress.key for ingress, policy in intake.ingresses if policy.canary}
    for server in servers:
        named = (asking[item.key] for item in server.ingresses if item.key in asking and item.key not in canaries)
        server.ciphers = "" if server.redirects_to else next(named, "")


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
