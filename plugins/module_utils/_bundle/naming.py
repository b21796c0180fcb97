# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ConfigMaps and Services annotations and settings name (semantics.md 0.1). PRIVATE to the collection.

The prefix of the annotations does not matter, for a controller may have another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .._kube.names import is_dns_label, is_object_name
from .._kube.objects import KubeObject, annotations_of, key_of

_CONFIGMAPS = frozenset(("auth-proxy-set-headers", "custom-headers", "fastcgi-params-configmap"))
_SERVICES = frozenset(("default-backend",))
_KEYS = ("add-headers", "proxy-set-headers")
_URLS = frozenset(("auth-url", "mirror-target"))
_SERVICE_OF_URL = re.compile(r"https?://([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})\.svc(?:[.:/?]|$)", re.IGNORECASE)

Place = tuple[str, str]


def named_configmaps(ingresses: Iterable[KubeObject], settings: Mapping[str, str]) -> Iterator[Place]:
    """Yield the ConfigMaps (namespace, name) that ``ingresses`` and keys of the controller's ConfigMap name."""
    yield from _named(ingresses, _CONFIGMAPS)
    for key in _KEYS:
        namespace, __, name = settings.get(key, "").partition("/")
        if is_dns_label(namespace) and is_object_name(name):
            yield namespace, name


def named_services(ingresses: Iterable[KubeObject], settings: Mapping[str, str]) -> Iterator[Place]:
    """Yield the Services (namespace, name) that annotations of ``ingresses`` and keys of the ConfigMap name."""
    wanted = list(ingresses)
    yield from _named(wanted, _SERVICES)
    urls = [value for __, value in _written(wanted, _URLS)]
    for url in (*urls, settings.get("global-auth-url", "")):
        found = _SERVICE_OF_URL.match(url.strip())
        if found:
            yield found[2].lower(), found[1].lower()


def _named(ingresses: Iterable[KubeObject], annotations: frozenset[str]) -> Iterator[Place]:
    for own, value in _written(ingresses, annotations):
        first, slash, second = value.strip().partition("/")
        namespace, found = (first, second) if slash else (own, first)
        if is_dns_label(namespace) and is_object_name(found):
            yield namespace, found


def _written(ingresses: Iterable[KubeObject], annotations: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the namespace of each Ingress and the value of those of ``annotations`` that it has."""
    for ingress in ingresses:
        own = key_of(ingress).namespace
        for name, value in annotations_of(ingress).items():
            if name.rpartition("/")[2] in annotations:
                yield own, value
