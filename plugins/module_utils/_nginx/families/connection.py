# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nginx speaks to the backend: protocol, TLS, balancing, hashing (semantics.md A.2). PRIVATE.

Source: ingress-nginx ``internal/ingress/annotations`` proxyssl, upstreamhashby, loadbalancing, connection, proxy.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..reader import Reader
from ..references import Place, split_reference

_PARAMETERS = "fastcgi-params-configmap"
_NAMES = frozenset(
    (
        _PARAMETERS,
        "load-balance",
        "service-upstream",
        "upstream-hash-by",
        "upstream-hash-by-subset",
        "connection-proxy-header",
        "proxy-http-version",
        "proxy-ssl-secret",
    )
)
_NGINX_NAME = "upstream_balancer"
"""The name that nginx verifies, and sends, where no annotation gives one: that of its one upstream block."""

_PAIR = ("tls.crt", "tls.key")


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """What nginx shows to https backends and asks of them (semantics.md A.2 52 to 58).

    ``secret`` is (namespace, name); ``shows`` tells whether it holds a client certificate, ``verifies`` whether the
    backend's certificate must be of its authority and valid for ``name``, ``sends_name`` whether the handshake says so.
    """

    secret: Place
    shows: bool
    verifies: bool
    name: str
    sends_name: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """``hash_by`` is the text whose value chooses the endpoint, ``hash_group`` asks for a group of endpoints.

    ``load_balance`` is empty for the controller's default, ``header`` the Connection header for backends.
    ``by_service`` asks for the Service's own address instead of those of its endpoints.
    """

    load_balance: str = ""
    hash_by: str = ""
    hash_group: bool = False
    header: str = ""
    http_version: str = "1.1"
    by_service: bool = False
    tls: UpstreamTls | None = None


_NONE = Connection()


def read_connection(reader: Reader) -> Connection:
    """Return what the annotations of this family say."""
    if _NAMES.isdisjoint(reader.values) and not reader.settings.load_balance:
        return _NONE
    _check_parameters(reader)
    return Connection(
        load_balance=reader.text("load-balance", reader.settings.load_balance),
        hash_by=reader.text("upstream-hash-by", ""),
        hash_group=reader.boolean("upstream-hash-by-subset", False),
        header=reader.text("connection-proxy-header", ""),
        http_version=reader.text("proxy-http-version", "1.1"),
        by_service=reader.boolean("service-upstream", False),
        tls=_tls(reader),
    )


def _check_parameters(reader: Reader) -> None:
    """Deny the paths of an Ingress whose ConfigMap of FastCGI parameters nginx cannot read, whatever they speak.

    Source: ingress-nginx ``internal/ingress/annotations/fastcgi/main.go`` Parse.
    """
    first, slash, second = reader.text(_PARAMETERS, "").partition("/")
    place = (first, second) if slash else (reader.namespace, first)
    foreign = place[0] != reader.namespace and not reader.settings.allow_cross_namespace
    missing = place not in reader.references.configmaps and not reader.references.assumed
    if first and (foreign or missing):
        reader.deny(_PARAMETERS)


def _tls(reader: Reader) -> UpstreamTls | None:
    """Return the TLS settings; a Secret that nginx cannot use denies every path."""
    written = reader.text("proxy-ssl-secret", "")
    if not written:
        return None
    place = split_reference(written, reader.namespace) if "/" in written else None
    foreign = place is not None and place[0] != reader.namespace
    facts = reader.references.secrets.get(place) if place else None
    keys = set(facts.keys) if facts else set()
    usable = keys.issuperset(_PAIR) or "ca.crt" in keys
    if not facts and reader.references.assumed:
        # Only manifests are at hand: nothing speaks against a Secret that is not among them.
        keys, usable = {*_PAIR, "ca.crt"}, True
    if place is None or not usable or (foreign and not reader.settings.allow_cross_namespace):
        reader.deny("proxy-ssl-secret")
        return None
    return UpstreamTls(
        place,
        shows=keys.issuperset(_PAIR),
        verifies=reader.text("proxy-ssl-verify", "off") == "on",
        name=reader.text("proxy-ssl-name", _NGINX_NAME),
        sends_name=reader.text("proxy-ssl-server-name", "off") == "on",
    )
