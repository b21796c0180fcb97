# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a bundle to a verdict on every host and the objects of every unit (design.md, Data flow). PRIVATE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from .._bundle.bundle import Bundle
from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.invariants import SIZE_LIMIT
from .._kube.digests import canonical_json
from .._kube.objects import ObjectKey
from .._nginx.intake import Intake
from .._nginx.policy import Policy
from .._nginx.site import DEFAULT_SERVER, Server, Site
from .._nginx.streams import read_streams
from .assemble import Assembly
from .block_lists import block_lists
from .body_size import BODY_SIZE, limit_body, limit_of
from .ciphers import cipher_obstacles
from .client_certificates import ask_for_certificate, certificate_obstacles
from .context import Context
from .draft import Draft
from .errors import error_pages
from .existing import ForeignHosts, foreign_destination_rules
from .gateways import SHARED_UNIT, HostPlace, Layout, lay_out
from .generated import generated_answer
from .host_routes import host_routes
from .notes import certificate_notes, ingress_notes, shadowed_notes
from .options import Options
from .passthrough import passthrough_obstacles
from .predictions import ALWAYS
from .redirects import from_root
from .registry import Family, asked_families
from .releases import too_new
from .routing import drafts, gateway_host
from .server_snippets import server_headers, server_script, written_locations
from .snippets import written_headers
from .streams import served_streams, stream_findings
from .verdicts import obstacles


@dataclass(slots=True)
class HostVerdict:
    """What becomes of one host: it moves unless one of its findings holds it back."""

    server: Server
    unit: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def moves(self) -> bool:
        """Whether the host is converted."""
        return not any(item.holds_back for item in self.findings)


@dataclass(frozen=True, slots=True)
class Conversion:
    """The outcome: a verdict by host, all findings in order, the Gateways, and the objects, made when asked for.

    ``streams`` is the number of TCP services that the gateway serves, too.
    """

    verdicts: Mapping[str, HostVerdict]
    findings: list[Finding]
    layout: Layout
    assembly: Assembly
    streams: int = 0


def convert(
    bundle: Bundle,
    intake: Intake,
    site: Site,
    unit_of: Mapping[str, str],
    options: Options,
    *,
    distrusted: Mapping[str, str] | None = None,
) -> Conversion:
    """Convert ``site``, the model of ``bundle``.

    ``unit_of`` maps namespaces to the names of their units; ``distrusted`` are hosts of which a counter-example is
    known, which says what it is: they are held back.
    """
    rules = foreign_destination_rules(bundle, options.cluster_domain)
    context = Context(site, options, foreign_rules=rules, knows_services=bundle.controller is not None)
    hosts = _Hosts(bundle, intake, context, unit_of, distrusted or {})
    served = [server for __, server in sorted(site.servers.items()) if server.ingresses]
    # What a unit needs is made, and lies, together: the plan is written unit by unit.
    decided = {server.host: hosts.verdict(server) for server in sorted(served, key=hosts.unit_of)}
    verdicts = {server.host: decided[server.host] for server in served}
    places = [_place(item, options) for item in verdicts.values() if item.moves]
    owners = {host: _owner(item.server) for host, item in verdicts.items()}
    answering = places + hosts.fallback(site.servers[DEFAULT_SERVER]) if places else []
    default, offered = site.settings.default_certificate, site.settings.tls
    layout = lay_out(answering, owners, bundle.certificates, default, options, offered=offered)
    for place in places:
        verdicts[place.server.host].findings += _certificate_difference(place.server, bundle, layout)
    own = [item for verdict in verdicts.values() for item in verdict.findings]
    streams = read_streams(bundle, site.settings)
    found = [*own, *stream_findings(streams), *_cluster_findings(intake, context, layout, bool(places))]
    in_order = sorted(dict.fromkeys(_with_consent(found, options)), key=Finding.sort_key)
    # They are written with what all units share, and so with the first wave.
    carried = served_streams(streams) if places else []
    assembly = Assembly(context, layout, answering, hosts.drafts, carried)
    return Conversion(verdicts, in_order, layout, assembly, len(carried))


class _Hosts:
    """Decides host by host, and keeps the drafts of those that may move."""

    def __init__(
        self,
        bundle: Bundle,
        intake: Intake,
        context: Context,
        unit_of: Mapping[str, str],
        distrusted: Mapping[str, str],
    ) -> None:
        self._bundle = bundle
        self._intake = intake
        self._context = context
        self._unit_of = unit_of
        self._distrusted = distrusted
        self._policies = {ingress.key: policy for ingress, policy in intake.ingresses}
        self._foreign = ForeignHosts(bundle, context.options)
        self._everywhere = [item for item in intake.findings if item.holds_back and item.code in _EVERYWHERE]
        self._families: dict[int, tuple[Family, ...]] = {}
        self.drafts: dict[str, list[Draft]] = {}

    def verdict(self, server: Server) -> HostVerdict:
        """Return what becomes of the host of ``server``."""
        found = [
            *self._everywhere,
            *obstacles(server, self._policies),
            *passthrough_obstacles(server, self._context),
            *self._certificates(server),
            *self._collisions(server),
        ]
        found = list(_with_consent(found, self._context.options))
        if not any(item.holds_back for item in found):
            found += _with_consent(self._draft(server), self._context.options)
            found += [] if server.passthrough else certificate_notes(server, self._bundle.certificates)
        return HostVerdict(server, self.unit_of(server), found)

    def unit_of(self, server: Server) -> str:
        """Return the unit of the host of ``server``."""
        return self._unit_of[server.ingresses[0].namespace] if server.ingresses else SHARED_UNIT

    def fallback(self, server: Server) -> list[HostPlace]:
        """Return the place of the default server where no Ingress has a rule for it: nginx's own answers to all."""
        if server.ingresses:
            return []
        verdict = self.verdict(server)
        return [_place(verdict, self._context.options)] if verdict.moves else []

    def _collisions(self, server: Server) -> Iterator[Finding]:
        source = self._intake.unreadable_hosts.get(server.host)
        if source:
            problem = f"{source.key} names this host, too, and cannot be read"
            yield finding("MALFORMED-OBJECT", source, host=server.host, problem=problem)
        if server.host in self._distrusted:
            example = self._distrusted[server.host]
            yield finding("COUNTER-EXAMPLE", Source(server.ingresses[0].key), host=server.host, example=example)
        owner = self._foreign.owner(gateway_host(server.host))
        if owner:
            yield finding("ISTIO-CLASH", Source(owner), host=server.host, object=str(owner))

    def _certificates(self, server: Server) -> Iterator[Finding]:
        # Whom TLS connections are passed to asks for certificates, or does not.
        if server.passthrough is None:
            yield from certificate_obstacles(server, self._context.site, self._bundle.certificates)
            yield from cipher_obstacles(server, self._context.site, self._bundle.certificates)

    def _draft(self, server: Server) -> list[Finding]:
        """Fill in the drafts of a host and return what the families found."""
        filled = list(drafts(server, self._context.site))
        found: dict[Finding, None] = {}
        for draft in filled:
            limit_body(draft, self._context.site.settings)
            if server.client_certificates.refused:
                draft.main = generated_answer(403)
                draft.everywhere[BODY_SIZE] = limit_of(0)
                continue
            if draft.location.status:
                draft.main = {"directResponse": {"status": draft.location.status}}
                continue
            if draft.location.policy.denied:
                draft.main = generated_answer(503)
                found.update(dict.fromkeys(error_pages(draft, self._context)))
                written_headers(draft, self._context)
                continue
            for family in self._asked(draft.location.policy):
                found.update(dict.fromkeys(family.carry(draft, self._context)))
        obstacles_of_host = written_locations(server, filled, self._context)
        if obstacles_of_host:
            return [*found, *obstacles_of_host]
        if not server.client_certificates.refused:
            found.update(dict.fromkeys(from_root(server, filled)))
            server_script(server, filled, self._context)
            ask_for_certificate(server, filled)
        found.update(dict.fromkeys(block_lists(server, filled, self._context)))
        server_headers(server, filled, self._context)
        self.drafts[server.host] = filled
        found.update(dict.fromkeys(too_new(server, filled, self._context)))
        size = self._size(server, filled)
        if size > SIZE_LIMIT:
            source = Source(server.ingresses[0].key)
            found[finding("HOST-TOO-LARGE", source, host=server.host, size=size, limit=SIZE_LIMIT)] = None
        return list(found)

    def _asked(self, policy: Policy) -> tuple[Family, ...]:
        """Return the families that ``policy`` asks for; the site keeps all policies, so their identities stay."""
        families = self._families.get(id(policy))
        if families is None:
            families = self._families[id(policy)] = asked_families(policy)
        return families

    def _size(self, server: Server, filled: list[Draft]) -> int:
        """Return the characters of the routes of a host, 0 for one that is surely small enough."""
        if len(filled) < _MANY_LOCATIONS:
            return 0
        return sum(len(canonical_json(route)) for route in host_routes(server, filled, self._context))


_MANY_LOCATIONS = 100

# Findings about the controller itself that hold back every host.
_EVERYWHERE = frozenset(
    (
        "CIPHERS-LOST",
        "FIREWALL-LOST",
        "FORWARDED-HEADERS-TRUSTED",
        "PROXY-PROTOCOL-EXPECTED",
        "SETTING-NOT-CONVERTED",
        "SETTINGS-UNREADABLE",
    )
)


def _with_consent(found: Iterable[Finding], options: Options) -> Iterator[Finding]:
    for item in found:
        yield replace(item, accepted=any(entry.covers(item) for entry in options.accept)) if options.accept else item


def _place(verdict: HostVerdict, options: Options) -> HostPlace:
    return HostPlace(verdict.server, verdict.unit, _owner(verdict.server) or options.gateway_namespace)


def _owner(server: Server) -> str:
    """Return the one namespace that owns a host, empty where several share it."""
    namespaces = server.namespaces
    return namespaces[0] if len(namespaces) == 1 else ""


def _certificate_difference(server: Server, bundle: Bundle, layout: Layout) -> Iterator[Finding]:
    shown = layout.shown[server.host]
    secret = server.certificate.secret
    served = bundle.certificates[secret] if secret else None
    if shown is None or (served is not None and shown.chain == served.chain):
        return
    values = {
        "shown": f"{shown.namespace}/{shown.name}",
        "served": f"{served.namespace}/{served.name}" if served else "its default certificate",
    }
    yield finding("OTHER-CERTIFICATE", Source(server.ingresses[0].key), host=server.host, **values)


def _cluster_findings(intake: Intake, context: Context, layout: Layout, any_moves: bool) -> Iterator[Finding]:
    yield from intake.findings
    yield from shadowed_notes(context.site)
    for ingress, __ in intake.ingresses:
        yield from ingress_notes(ingress, context.site)
    for credential in layout.credentials:
        if credential.source and not credential.authority:
            values = {
                "secret": "/".join(credential.source),
                "copy": f"{context.options.gateway_namespace}/{credential.name}",
                "until": credential.not_after,
            }
            yield finding("CERTIFICATE-COPY", Source(ObjectKey("Secret", *credential.source)), **values)
        if context.options.format == "yaml":
            values = {
                "secret": f"{context.options.gateway_namespace}/{credential.name}",
                "content": f"a copy of {'/'.join(credential.source)}" if credential.source else "any certificate",
            }
            yield finding("SECRET-TO-BRING", Source(intake.controller), **values)
    if any_moves:
        controller = Source(intake.controller)
        yield finding("BODY-SIZE-CHUNKED", controller)
        yield finding("RETRY-AFTER-SEND", controller)
        for code in sorted(ALWAYS):
            yield finding(code, controller)
