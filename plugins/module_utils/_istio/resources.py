# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders of Istio objects. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._kube.kinds import KINDS
from .._kube.objects import KubeObject

HTTP_PORT = 80
HTTPS_PORT = 443


def istio_object(kind: str, namespace: str, name: str, spec: Mapping[str, Any]) -> KubeObject:
    """Return an object of ``kind`` with ``spec``."""
    return {
        "apiVersion": KINDS[kind].api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": dict(spec),
    }


def http_server(hosts: Sequence[str]) -> dict[str, Any]:
    """Return the server of a Gateway for http; ``hosts`` are written ``namespace/host``."""
    return {"port": {"number": HTTP_PORT, "name": "http", "protocol": "HTTP"}, "hosts": list(hosts)}


def https_server(
    hosts: Sequence[str], credential: str, mode: str = "SIMPLE", offered: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the server of a Gateway that ends TLS with the Secret ``credential`` of the gateway's namespace.

    ``mode`` is Istio's: whether clients are asked for certificates; ``offered`` are versions and ciphers.
    """
    return {
        "port": {"number": HTTPS_PORT, "name": "https", "protocol": "HTTPS"},
        "hosts": list(hosts),
        "tls": {"mode": mode, "credentialName": credential, "minProtocolVersion": "TLSV1_2", **(offered or {})},
    }


def tcp_server(port: int) -> dict[str, Any]:
    """Return the server of a Gateway that leads connections to ``port`` on; only its own namespace may bind to it."""
    return {"port": {"number": port, "name": f"tcp-{port}", "protocol": "TCP"}, "hosts": ["./*"]}


def passthrough_server(hosts: Sequence[str]) -> dict[str, Any]:
    """Return the server of a Gateway that passes TLS connections through to backends."""
    port = {"number": HTTPS_PORT, "name": "tls", "protocol": "TLS"}
    return {"port": port, "hosts": list(hosts), "tls": {"mode": "PASSTHROUGH"}}


def passthrough_route(name: str, host: str, port: int) -> dict[str, Any]:
    """Return the ``tls`` entry of a VirtualService that leads connections for ``name`` to a port of a Service."""
    match = {"port": HTTPS_PORT, "sniHosts": [name]}
    return {"match": [match], "route": [{"destination": {"host": host, "port": {"number": port}}}]}


def gateway(namespace: str, name: str, selector: Mapping[str, str], servers: Sequence[Mapping[str, Any]]) -> KubeObject:
    """Return a Gateway for the gateway Pods that ``selector`` finds."""
    return istio_object("Gateway", namespace, name, {"selector": dict(selector), "servers": list(servers)})


# istioctl analyze warns of every EnvoyFilter as such; with this one silenced, a warning of ours is always news.
_EXPECTED_WARNING = {"galley.istio.io/analyze-suppress": "IST0133"}


def envoy_filter(
    namespace: str, name: str, selector: Mapping[str, str], patches: Sequence[Mapping[str, Any]], priority: int = 0
) -> KubeObject:
    """Return an EnvoyFilter for the gateway Pods that ``selector`` finds; lower priorities are applied first."""
    spec: dict[str, Any] = {"workloadSelector": {"labels": dict(selector)}, "configPatches": list(patches)}
    if priority:
        spec["priority"] = priority
    obj = istio_object("EnvoyFilter", namespace, name, spec)
    obj["metadata"]["annotations"] = dict(_EXPECTED_WARNING)
    return obj


def route_patch(route_name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the patch that merges ``value`` into the Envoy route of one VirtualService route (semantics.md C.8)."""
    match = {"context": "GATEWAY", "routeConfiguration": {"vhost": {"route": {"name": route_name}}}}
    return {"applyTo": "HTTP_ROUTE", "match": match, "patch": {"operation": "MERGE", "value": dict(value)}}


_HCM = "envoy.filters.network.http_connection_manager"
_HCM_TYPE = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def connection_manager_patch(settings: Mapping[str, Any], port: int = 0) -> dict[str, Any]:
    """Return the patch that merges ``settings`` into the HTTP connection managers of a gateway port, 0 for all."""
    listener: dict[str, Any] = {"filterChain": {"filter": {"name": _HCM}}}
    if port:
        listener["portNumber"] = port
    return {
        "applyTo": "NETWORK_FILTER",
        "match": {"context": "GATEWAY", "listener": listener},
        "patch": {"operation": "MERGE", "value": {"name": _HCM, "typed_config": {"@type": _HCM_TYPE, **settings}}},
    }


def http_filter_patch(name: str, type_url: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the patch that adds an HTTP filter which is off unless a route configures it (semantics.md 0.4, EF-R)."""
    patch = always_on_filter_patch(name, {"@type": type_url, **settings})
    patch["patch"]["value"]["disabled"] = True
    return patch


def always_on_filter_patch(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the patch that adds an HTTP filter for all routes; ``settings`` have its ``@type``."""
    return {
        "applyTo": "HTTP_FILTER",
        "match": {
            "context": "GATEWAY",
            "listener": {"filterChain": {"filter": {"name": _HCM, "subFilter": {"name": "envoy.filters.http.router"}}}},
        },
        "patch": {
            "operation": "INSERT_BEFORE",
            "value": {"name": name, "typed_config": dict(settings)},
        },
    }


_TLS_TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"


def verify_depth_patch(name: str, depth: int) -> dict[str, Any]:
    """Return the patch that limits how far client certificates may be from their authority, for the server of ``name``.

    istiod names the authority in the same context; Envoy merges what comes from the Secret into this.
    """
    context = {"combined_validation_context": {"default_validation_context": {"max_verify_depth": depth}}}
    config = {"@type": _TLS_TYPE, "common_tls_context": context}
    value = {"transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": config}}
    match = {"context": "GATEWAY", "listener": {"portNumber": HTTPS_PORT, "filterChain": {"sni": name}}}
    return {"applyTo": "FILTER_CHAIN", "match": match, "patch": {"operation": "MERGE", "value": value}}


def route_configuration_patch(port: int, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the patch that merges ``value`` into every route configuration of one gateway port."""
    return {
        "applyTo": "ROUTE_CONFIGURATION",
        "match": {"context": "GATEWAY", "routeConfiguration": {"portNumber": port}},
        "patch": {"operation": "MERGE", "value": dict(value)},
    }
