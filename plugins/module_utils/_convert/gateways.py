# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways and certificates: which server shows what for which host (semantics.md C.2, C.3, C.10). PRIVATE.

Hosts with the same certificate share one server, which lists the names of the certificate from the start: browsers
reuse a connection for every name of its certificate, and a later change of a server's names would drain it. A
VirtualService is bound to every server whose names take its host, so a reused connection finds its routes, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._bundle.bundle import Certificate
from .._istio.resources import gateway, http_server, https_server, passthrough_server, verify_depth_patch
from .._kube.hosts import is_host, is_wildcard
from .._kube.names import generated_name
from .._kube.objects import KubeObject, ObjectKey
from .._nginx.site import Server
from .._nginx.tls_settings import VERSIONS, TlsSettings
from .ciphers import suites
from .options import Options
from .routing import gateway_host

SHARED_UNIT = "shared.gateway"
"""Unit of what no single unit owns; namespaces have no dots, so no unit of theirs has this name."""

DEFAULT_CREDENTIAL = "i2i-default-certificate"

_HTTP_HOSTS = 500
"""Hosts of one http Gateway; more are split, for an API server refuses objects over 1.5 MiB."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A Secret that the gateway needs in its namespace.

    ``source`` is the Secret (namespace, name) whose keys are copied at apply time; None asks for a self-signed
    certificate, like the one nginx makes for names it has none for. ``fingerprint`` is that of the leaf. With ``trust``
    it is what the gateway shows to backends: its authorities are copied, too, and it need not hold a key. With
    ``authority`` it is that of client certificates alone.
    """

    name: str
    unit: str
    source: tuple[str, str] | None
    fingerprint: str = ""
    not_after: str = ""
    trust: bool = False
    authority: bool = False


@dataclass(slots=True)
class HostPlace:
    """Where a host that moves lives: its unit, and the namespace of its VirtualService."""

    server: Server
    unit: str
    namespace: str


@dataclass(slots=True)
class _TlsServer:
    """One https server: a certificate, the names it is shown for, and the hosts that made it; its Gateway's name."""

    certificate: Certificate
    names: set[str] = field(default_factory=set)
    hosts: list[HostPlace] = field(default_factory=list)
    gateway: str = ""


@dataclass(slots=True)
class Layout:
    """All Gateways by unit, the credentials they need, the Gateways of each host, the certificate each host gets.

    ``chains`` are patches of https servers, by unit, for what a Gateway cannot say; ``offered`` are the fields for
    versions and ciphers.
    """

    gateways: dict[str, list[KubeObject]] = field(default_factory=dict)
    credentials: list[Credential] = field(default_factory=list)
    bindings: dict[str, list[str]] = field(default_factory=dict)
    shown: dict[str, Certificate | None] = field(default_factory=dict)
    chains: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    offered: Mapping[str, Any] = field(default_factory=dict)


def lay_out(
    places: Iterable[HostPlace],
    owners: Mapping[str, str],
    certificates: Mapping[tuple[str, str], Certificate],
    default: tuple[str, str] | None,
    options: Options,
    *,
    offered: TlsSettings,
) -> Layout:
    """Return the Gateways for the hosts in ``places``.

    ``owners`` maps every host of the site to the namespace that may bind to it (empty where several share it);
    ``default`` is the Secret of ``--default-ssl-certificate``; ``offered`` are versions and ciphers of TLS.
    """
    layout = Layout(offered=_offered(offered))
    hosts = sorted(places, key=lambda place: place.server.host)
    passed = [place for place in hosts if place.server.passthrough]
    servers = _tls_servers(hosts, certificates)
    binders = _binders(hosts)
    for tls in servers:
        _add_tls_gateway(layout, tls, binders, owners, options)
    without = _bind_tls(layout, hosts, servers, certificates, options)
    names = _default_names(without) if offered.rejects_strangers else ["*/*"]
    if hosts and names:
        _add_default_gateway(layout, names, certificates, default, options)
    for place in without if names else ():
        if not offered.rejects_strangers or _is_named(place):
            layout.bindings[place.server.host].append(f"{options.gateway_namespace}/{_DEFAULT_GATEWAY}")
    _add_passthrough_gateways(layout, passed, options)
    _add_http_gateways(layout, hosts, options)
    return layout


_VERSIONS = {"TLSv1": "TLSV1_0", "TLSv1.1": "TLSV1_1", "TLSv1.2": "TLSV1_2", "TLSv1.3": "TLSV1_3"}


def _offered(settings: TlsSettings) -> dict[str, Any]:
    fields: dict[str, Any] = {"minProtocolVersion": _VERSIONS[settings.oldest]}
    if settings.newest != VERSIONS[-1]:
        fields["maxProtocolVersion"] = _VERSIONS[settings.newest]
    if settings.ciphers:
        fields["cipherSuites"] = list(settings.ciphers)
    return fields


def takes(name: str, host: str) -> bool:
    """Tell whether an Istio server name takes ``host``: equal, or a wildcard of any depth."""
    return name == host or (is_wildcard(name) and host.endswith(name[1:]) and len(host) > len(name) - 1)


def _tls_servers(hosts: list[HostPlace], certificates: Mapping[tuple[str, str], Certificate]) -> list[_TlsServer]:
    by_chain: dict[str, _TlsServer] = {}
    for place in hosts:
        secret = place.server.certificate.secret
        if secret is not None and place.server.passthrough is None:
            certificate = certificates[secret]
            by_chain.setdefault(certificate.chain, _TlsServer(certificate)).hosts.append(place)
    servers = [by_chain[chain] for chain in sorted(by_chain)]
    passed = {place.server.host for place in hosts if place.server.passthrough}
    wanted: dict[str, list[_TlsServer]] = {}
    for tls in servers:
        # Envoy refuses a listener in which one name is both ended and passed through.
        for name in _server_names(tls) - passed:
            wanted.setdefault(name, []).append(tls)
    for name, candidates in wanted.items():
        # A name may stand in one server only, or Istio drops the other server as a whole (semantics.md C.3).
        max(candidates, key=lambda tls: _claim(tls, name)).names.add(name)
    return [tls for tls in servers if tls.names]


def _server_names(tls: _TlsServer) -> set[str]:
    """Return the names of a certificate, those left out that a wildcard of it takes: else its routes would leak."""
    names = {name.lower() for name in tls.certificate.names}
    names = {name for name in names if is_host(name) and name.count(".") >= (2 if is_wildcard(name) else 1)}
    return {name for name in names if not any(other != name and takes(other, name) for other in names)}


def _claim(tls: _TlsServer, name: str) -> tuple[bool, int, str]:
    exact = any(place.server.host == name for place in tls.hosts)
    return (exact, sum(takes(name, place.server.host) for place in tls.hosts), tls.certificate.chain)


def _binders(hosts: Iterable[HostPlace]) -> dict[str, set[str]]:
    """Return for each server name the namespaces of the hosts that it takes, whatever certificate they have."""
    found: dict[str, set[str]] = {}
    for place in hosts:
        for name in _names_taking(place.server.host):
            found.setdefault(name, set()).add(place.namespace)
    return found


def _add_tls_gateway(
    layout: Layout, tls: _TlsServer, binders: Mapping[str, set[str]], owners: Mapping[str, str], options: Options
) -> None:
    units = {place.unit for place in tls.hosts}
    unit = units.pop() if len(units) == 1 else SHARED_UNIT
    certificate = tls.certificate
    tls.gateway = generated_name("tls", min(tls.names), identity=("tls", certificate.chain))
    source = (certificate.namespace, certificate.name)
    credential = Credential(
        generated_name("i2i", *source), unit, source, certificate.fingerprint, certificate.not_after
    )
    layout.credentials.append(credential)
    names = [f"{_namespace_of(name, binders, owners)}/{name}" for name in sorted(tls.names)]
    obj = gateway(
        options.gateway_namespace,
        tls.gateway,
        options.gateway_selector,
        [https_server(names, credential.name, _mode(tls), {**layout.offered, **_own_ciphers(tls)})],
    )
    layout.gateways.setdefault(unit, []).append(obj)
    wanted = tls.hosts[0].server.client_certificates
    if wanted.asks:
        layout.credentials.append(Credential(f"{credential.name}-cacert", unit, wanted.secret, authority=True))
        layout.chains.setdefault(unit, []).append(verify_depth_patch(min(tls.names), wanted.depth))


def _mode(tls: _TlsServer) -> str:
    """Return what Istio calls it; hosts that share a server ask for the same, for others are held back."""
    wanted = tls.hosts[0].server.client_certificates
    if not wanted.asks:
        return "SIMPLE"
    return "MUTUAL" if wanted.verify == "on" else "OPTIONAL_MUTUAL"


def _own_ciphers(tls: _TlsServer) -> dict[str, Any]:
    """Return the field for the ciphers of the hosts of a server, all of which ask for the same."""
    found = suites(tls.hosts[0].server)
    return {"cipherSuites": found} if found else {}


def _namespace_of(name: str, binders: Mapping[str, set[str]], owners: Mapping[str, str]) -> str:
    """Return which namespace may bind to ``name``: its owner, any for several, the gateway's own for none."""
    namespaces = set(binders.get(name, ()))
    if name in owners:
        namespaces.add(owners[name])
    if not namespaces:
        return "."
    return namespaces.pop() if len(namespaces) == 1 and "" not in namespaces else "*"


def _is_named(place: HostPlace) -> bool:
    """Tell whether a handshake for the host must come about where those for strangers must not."""
    return gateway_host(place.server.host) != "*" and place.server.passthrough is None


def _default_names(places: Iterable[HostPlace]) -> list[str]:
    return [f"{place.namespace}/{place.server.host}" for place in places if _is_named(place)]


def _add_default_gateway(
    layout: Layout,
    names: list[str],
    certificates: Mapping[tuple[str, str], Certificate],
    default: tuple[str, str] | None,
    options: Options,
) -> None:
    certificate = certificates.get(default) if default else None
    usable = certificate if certificate and not certificate.problem else None
    layout.credentials.append(
        Credential(
            DEFAULT_CREDENTIAL,
            SHARED_UNIT,
            default if usable else None,
            usable.fingerprint if usable else "",
            usable.not_after if usable else "",
        )
    )
    server = https_server(names, DEFAULT_CREDENTIAL, offered=layout.offered)
    obj = gateway(options.gateway_namespace, _DEFAULT_GATEWAY, options.gateway_selector, [server])
    layout.gateways.setdefault(SHARED_UNIT, []).append(obj)


_DEFAULT_GATEWAY = "tls-default"


def _bind_tls(
    layout: Layout,
    hosts: list[HostPlace],
    servers: list[_TlsServer],
    certificates: Mapping[tuple[str, str], Certificate],
    options: Options,
) -> list[HostPlace]:
    """Bind hosts to the servers that take their names, and return those for which the default certificate is left."""
    without: list[HostPlace] = []
    by_name = {name: tls for tls in servers for name in tls.names}
    for place in hosts:
        host = place.server.host
        chosen = _distinct(by_name[name] for name in _names_taking(host) if name in by_name)
        own = place.server.certificate.secret
        if place.server.client_certificates.asks:
            # Through any other server its clients would come in without a certificate.
            chosen = [tls for tls in chosen if own and tls.certificate.chain == certificates[own].chain]
        else:
            chosen = [tls for tls in chosen if _mode(tls) == "SIMPLE"]
        layout.bindings[host] = [f"{options.gateway_namespace}/{tls.gateway}" for tls in chosen]
        layout.shown[host] = chosen[0].certificate if chosen else None
        if not chosen and not place.server.client_certificates.asks:
            without.append(place)
    return without


def _add_passthrough_gateways(layout: Layout, places: Iterable[HostPlace], options: Options) -> None:
    """Give the hosts of each unit whose TLS is passed through a server for that.

    They stay bound to the servers that end TLS, too: nginx serves their paths to whoever names another host in the
    handshake.
    """
    groups: dict[str, list[HostPlace]] = {}
    for place in places:
        groups.setdefault(place.unit, []).append(place)
    for unit, members in sorted(groups.items()):
        name = generated_name("passthrough", unit)
        server = passthrough_server([f"{place.namespace}/{place.server.host}" for place in members])
        obj = gateway(options.gateway_namespace, name, options.gateway_selector, [server])
        layout.gateways.setdefault(unit, []).append(obj)
        for place in members:
            layout.bindings[place.server.host].insert(0, f"{options.gateway_namespace}/{name}")
            layout.shown[place.server.host] = None


def _distinct(servers: Iterable[_TlsServer]) -> list[_TlsServer]:
    return list({tls.certificate.chain: tls for tls in servers}.values())


def _names_taking(host: str) -> Iterator[str]:
    """Yield the server names that could take ``host``, in the order in which Envoy prefers them."""
    yield host
    rest = host.removeprefix("*.") if is_wildcard(host) else host
    while "." in rest:
        rest = rest.partition(".")[2]
        yield f"*.{rest}"


def _add_http_gateways(layout: Layout, hosts: list[HostPlace], options: Options) -> None:
    """Give the hosts of each unit an http server.

    Wildcards have one apart, and so have the hosts for which a Gateway takes any name: else their routes would leak
    into exact hosts.
    """
    groups: dict[tuple[str, bool], list[HostPlace]] = {}
    anything = [place for place in hosts if gateway_host(place.server.host) == "*"]
    for place in hosts:
        if place not in anything:
            groups.setdefault((place.unit, is_wildcard(place.server.host)), []).append(place)
    if anything:
        _add_http_gateway(layout, SHARED_UNIT, "http-default", anything, options)
    for (unit, wild), members in sorted(groups.items()):
        for part, start in enumerate(range(0, len(members), _HTTP_HOSTS)):
            chunk = members[start : start + _HTTP_HOSTS]
            words = ["http", *(["wildcards"] if wild else []), unit, *([str(part)] if part else [])]
            _add_http_gateway(layout, unit, generated_name(*words), chunk, options)


def _add_http_gateway(layout: Layout, unit: str, name: str, places: list[HostPlace], options: Options) -> None:
    names = list(dict.fromkeys(f"{place.namespace}/{gateway_host(place.server.host)}" for place in places))
    obj = gateway(options.gateway_namespace, name, options.gateway_selector, [http_server(names)])
    layout.gateways.setdefault(unit, []).append(obj)
    for place in places:
        layout.bindings[place.server.host].insert(0, f"{options.gateway_namespace}/{name}")


def gateway_sources(obj: KubeObject, hosts: Mapping[str, Server]) -> set[ObjectKey]:
    """Return the Ingresses of the hosts that a Gateway names."""
    names = {name.rpartition("/")[2] for server in obj["spec"]["servers"] for name in server["hosts"]}
    return {ingress.key for name in names if name in hosts for ingress in hosts[name].ingresses}
