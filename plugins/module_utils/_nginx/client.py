# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom nginx takes for the client, and for the scheme (semantics.md B.14, B.20). PRIVATE to the collection.

Source: ingress-nginx ``nginx.tmpl`` (``real_ip_header``, ``real_ip_recursive on``, ``set_real_ip_from``) and
ngx_http_realip_module.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from functools import lru_cache

from .._http.exchange import Request
from .settings import Settings


def client_address(settings: Settings, request: Request) -> str:
    """Return the address that nginx takes for the client's, empty where it is not known.

    Where headers are trusted it is the last address that no trusted proxy has; with every address trusted, the first.
    A PROXY protocol header has been read before: its address is that of the request.
    """
    if not request.client or settings.proxy_protocol or not (settings.forwarded_headers or settings.real_ip):
        return request.client
    client = request.client
    named = [part.strip() for part in request.headers.get(settings.forwarded_for_header, "").split(",")]
    for candidate in reversed(named):
        if not _is_trusted(settings.trusted_proxies, client) or not _is_address(candidate):
            break
        client = candidate
    return client


def access_scheme(settings: Settings, request: Request) -> str:
    """Return the scheme by which nginx redirects to https: what a header says, where headers are trusted."""
    told = request.headers.get("x-forwarded-proto", "") if settings.forwarded_headers else ""
    return told or request.scheme


def access_host(settings: Settings, request: Request) -> str:
    """Return the host that redirects and backends get: the first that a header names, where headers are trusted."""
    told = request.headers.get("x-forwarded-host", "") if settings.forwarded_headers else ""
    return told.partition(",")[0].strip() or request.host


def unforwarded(settings: Settings, request: Request) -> Request:
    """Return ``request`` without the headers that nginx trusts about client, scheme and host."""
    trusted: set[str] = set()
    if settings.forwarded_headers:
        trusted |= {"x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"}
    if (settings.forwarded_headers or settings.real_ip) and not settings.proxy_protocol:
        trusted.add(settings.forwarded_for_header)
    if not trusted.intersection(request.headers):
        return request
    return replace(request, headers={name: text for name, text in request.headers.items() if name not in trusted})


def _is_trusted(networks: tuple[str, ...], client: str) -> bool:
    address = ipaddress.ip_address(client)
    return any(address in _network(network) for network in networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text)
