# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ConfigMaps and Services annotations and settings name (semantics.md 0.1). PRIVATE to the collection.

The prefix of the annotations does not matter, for a controller may have another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._kube.names import is_dns_label, is_object_name
from .._kube.objects import KubeObject, MalformedObjectError, annotations_of, key_of

_CONFIGMAPS = frozenset(("auth-proxy-set-headers", "custom-headers"))
_SERVICES = frozenset(("default-backend",))
_KEYS = ("add-headers", "proxy-set-headers")

Place = tuple[str, str]


def named_configmaps(ingresses: Iterable[KubeObject], settings: Mapping[str, str]) -> Iterator[Place]:
    """Yield the ConfigMaps (namespace, name) that ``ingresses`` and keys of the controller's ConfigMap name."""
    yield from _named(ingresses, _CONFIGMAPS)
    for key in _KEYS:
        namespace, __, name = settings.get(key, "").partition("/")
        if is_dns_label(namespace) and is_object_name(name):
            yield namespace, name


def named_services(ingresses: Iterable[KubeObject]) -> Iterator[Place]:
    """Yield the Services (namespace, name) that annotations of ``ingresses`` name."""
    return _named(ingresses, _SERVICES)


def _named(ingresses: Iterable[KubeObject], annotations: frozenset[str]) -> Iterator[Place]:
    for ingress in ingresses:
        try:
            written, own = annotations_of(ingress), key_of(ingress).namespace
        except MalformedObjectError:
            continue  # whoever reads the Ingress says so
        for name, value in written.items():
            if name.rpartition("/")[2] in annotations:
                first, slash, second = value.strip().partition("/")
                namespace, found = (first, second) if slash else (own, first)
                if is_dns_label(namespace) and is_object_name(found):
                    yield namespace, found
