# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Capturing a bundle from a live cluster. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from .._bundle.bundle import Bundle, Certificate, Controller
from .._bundle.naming import named_configmaps, named_services
from .._bundle.pruning import is_ours, prune
from .._bundle.secrets import SecretFacts, named_secrets
from .._kube.names import is_dns_label, is_object_name
from .._kube.objects import KubeObject, data_of, key_of, labels_of, list_at, mapping_at
from .._nginx.settings import read_settings
from .._nginx.streams import named_in
from .._nginx.upstreams import cluster_service
from .api import Api
from .certificates import read_certificate
from .discovery import find_controller
from .secret_facts import read_facts

_WHOLE = ("Ingress", "IngressClass", "Gateway", "VirtualService", "DestinationRule", "ServiceEntry", "EnvoyFilter")
_SERVICE_LABEL = "kubernetes.io/service-name"
_PARALLEL = 16


def capture(api: Api, cluster: str, nginx_namespace: str, nginx_name: str = "") -> Bundle:
    """Return everything that decides how the cluster answers, our own objects left out.

    Services, ConfigMaps and Secrets are kept only as far as Ingresses name them. Raises ControllerNotFoundError,
    ApiError, UnreachableError.
    """
    version = str(api.read("/version").get("gitVersion") or "")
    controller = find_controller(api, nginx_namespace, nginx_name)
    objects = {kind: [prune(obj) for obj in api.list(kind) if not is_ours(obj)] for kind in _WHOLE}
    objects["ConfigMap"] = list(_configmaps(api, objects["Ingress"], controller))
    objects["Service"] = _named_services(api, objects["Ingress"], controller, objects["ConfigMap"])
    objects[controller.kind] = [prune(api.get(controller.kind, controller.namespace, controller.name) or {})]
    return Bundle(
        cluster,
        {kind: found for kind, found in objects.items() if found},
        {(item.namespace, item.name): item for item in _certificates(api, objects["Ingress"], controller)},
        secrets={(item.namespace, item.name): item for item in _facts(api, objects["Ingress"])},
        serving=_serving(api, objects["Service"]),
        controller=controller,
        server_version=version,
    )


def _configmaps(api: Api, ingresses: Iterable[KubeObject], controller: Controller) -> Iterator[KubeObject]:
    """Yield the ConfigMap of the controller and those that it, or an Ingress, names."""
    own = api.get("ConfigMap", *controller.configmap) if controller.configmap else None
    if own:
        yield prune(own)
    data = mapping_at(own, "data") if own else {}
    settings = {name: value for name, value in data.items() if isinstance(value, str)}
    for place in sorted({*named_configmaps(ingresses, settings), *_of_streams(controller)} - {controller.configmap}):
        found = api.get("ConfigMap", *place)
        if found:
            yield prune(found)


def _of_streams(controller: Controller) -> list[tuple[str, str]]:
    """Return the ConfigMaps of TCP and UDP services."""
    settings = read_settings(controller.arguments, None, None)
    return [place for place in (settings.tcp_services, settings.udp_services) if place]


def _named_services(
    api: Api, ingresses: Sequence[KubeObject], controller: Controller, configmaps: Sequence[KubeObject]
) -> list[KubeObject]:
    streams = set(_of_streams(controller))
    wanted_by = [data_of(obj) for obj in configmaps if _place(obj) in streams]
    wanted = {place for ingress in ingresses for place in _backend_services(ingress)}
    own = next((data_of(obj) for obj in configmaps if _place(obj) == controller.configmap), {})
    wanted |= set(named_services(ingresses, own))
    wanted |= {place for data in wanted_by for place in named_in(data)}
    wanted |= {controller.service} if controller.service else set()
    default = read_settings(controller.arguments, None, None).default_backend
    wanted |= {default} if default else set()
    services = {_place(service): service for service in api.list("Service")}
    wanted |= set(_aliases(services[place] for place in wanted if place in services))
    return [prune(service) for place, service in services.items() if place in wanted]


def _aliases(services: Iterable[KubeObject]) -> Iterator[tuple[str, str]]:
    """Yield the Services of the cluster that others are an external name of."""
    for service in services:
        target = cluster_service(str(mapping_at(service, "spec").get("externalName") or ""))
        if target:
            yield target


def _place(obj: KubeObject) -> tuple[str, str]:
    key = key_of(obj)
    return key.namespace, key.name


def _backend_services(ingress: KubeObject) -> Iterator[tuple[str, str]]:
    namespace = key_of(ingress).namespace
    backends = [mapping_at(ingress, "spec", "defaultBackend")]
    for rule in list_at(ingress, "spec", "rules"):
        backends += [path.get("backend") or {} for path in (rule.get("http") or {}).get("paths") or ()]
    for backend in backends:
        name = (backend.get("service") or {}).get("name")
        if isinstance(name, str):
            yield namespace, name


def _serving(api: Api, services: Iterable[KubeObject]) -> frozenset[tuple[str, str]]:
    """Return the Services with a ready endpoint; how many there are, and where, changes all the time."""
    wanted = {_place(service) for service in services}
    return frozenset(
        place
        for piece in api.list("EndpointSlice")
        for place in ((key_of(piece).namespace, labels_of(piece).get(_SERVICE_LABEL, "")),)
        if place in wanted and any(_is_ready(endpoint) for endpoint in list_at(piece, "endpoints"))
    )


def _is_ready(endpoint: KubeObject) -> bool:
    # An absent condition counts as ready (Kubernetes API, EndpointConditions).
    return mapping_at(endpoint, "conditions").get("ready") is not False


def _certificates(api: Api, ingresses: Iterable[KubeObject], controller: Controller) -> list[Certificate]:
    places = {place for ingress in ingresses for place in _tls_secrets(ingress)}
    default = read_settings(controller.arguments, None, None).default_certificate
    places |= {default} if default else set()
    legal = sorted(place for place in places if is_dns_label(place[0]) and is_object_name(place[1]))

    def fetch(place: tuple[str, str]) -> Certificate | None:
        secret = api.get("Secret", *place)
        return read_certificate(secret) if secret else None

    with ThreadPoolExecutor(_PARALLEL) as pool:
        return [certificate for certificate in pool.map(fetch, legal) if certificate]


def _facts(api: Api, ingresses: Iterable[KubeObject]) -> list[SecretFacts]:
    def fetch(place: tuple[str, str]) -> SecretFacts | None:
        secret = api.get("Secret", *place)
        return read_facts(secret) if secret else None

    with ThreadPoolExecutor(_PARALLEL) as pool:
        return [facts for facts in pool.map(fetch, sorted(set(named_secrets(ingresses)))) if facts]


def _tls_secrets(ingress: KubeObject) -> Iterator[tuple[str, str]]:
    namespace = key_of(ingress).namespace
    for entry in list_at(ingress, "spec", "tls"):
        name = entry.get("secretName")
        if isinstance(name, str) and name:
            yield namespace, name
