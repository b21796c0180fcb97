# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other people's Istio objects already say (semantics.md C.1, C.3, C.6). PRIVATE to the collection."""

from __future__ import annotations

from .._bundle.bundle import Bundle
from .._kube.objects import KubeObject, ObjectKey, key_of, mapping_at, mappings_at, text_at
from .gateways import takes
from .options import Options


class ForeignHosts:
    """Host names that Gateways of others serve on our gateway Pods."""

    def __init__(self, bundle: Bundle, options: Options) -> None:
        self._exact: dict[str, ObjectKey] = {}
        self._wild: list[tuple[str, ObjectKey]] = []
        for obj in bundle.of("Gateway"):
            if _selects(obj, options):
                for name in _hosts(obj):
                    self._add(name, key_of(obj))

    def _add(self, name: str, key: ObjectKey) -> None:
        if name.startswith("*"):
            self._wild.append((name, key))
        else:
            self._exact.setdefault(name, key)

    def owner(self, host: str) -> ObjectKey | None:
        """Return the Gateway that already names ``host``, None when it is free."""
        if host in self._exact:
            return self._exact[host]
        return next((key for name, key in self._wild if name == "*" or takes(name, host)), None)


def _selects(gateway: KubeObject, options: Options) -> bool:
    """Tell whether a Gateway applies to our Pods; an empty selector applies to all gateway Pods."""
    selector = mapping_at(gateway, "spec", "selector")
    return all(options.gateway_selector.get(name) == value for name, value in selector.items())


def _hosts(gateway: KubeObject) -> list[str]:
    lists = [server.get("hosts") for server in mappings_at(gateway, "spec", "servers")]
    names = [name for hosts in lists if isinstance(hosts, list) for name in hosts]
    return [name.rpartition("/")[2].lower() for name in names if isinstance(name, str)]


def foreign_destination_rules(bundle: Bundle, cluster_domain: str) -> dict[str, str]:
    """Return the full names of the Services that a DestinationRule of somebody else names, with its name."""
    found: dict[str, str] = {}
    for obj in bundle.of("DestinationRule"):
        key = key_of(obj)
        host = text_at(obj, "spec", "host").lower()
        found.setdefault(_full_name(host, key.namespace, cluster_domain), str(key))
    return found


def _full_name(host: str, namespace: str, cluster_domain: str) -> str:
    """Return the name that istiod makes of a host: one without dots is a Service of the rule's own namespace."""
    if "." not in host:
        return f"{host}.{namespace}.svc.{cluster_domain}"
    service, __, rest = host.removesuffix(f".svc.{cluster_domain}").removesuffix(".svc").partition(".")
    inside = host.endswith((".svc", f".svc.{cluster_domain}")) or rest.count(".") == 0
    return f"{service}.{rest}.svc.{cluster_domain}" if inside else host
