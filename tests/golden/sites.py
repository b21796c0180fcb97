# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated sites as a real cluster can have them: each with hosts, Ingresses, Services and Secrets of its own.

Left out is what would tell nothing of the site, or end the run: rules without a host, which all sites would share, and
whatever makes the older nginx of the sandbox refuse its whole configuration (docs/real-planes.md).
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.locations import duplicate
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.site import Server
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import make_plan

from generated.choices import SeededChoices
from generated.clusters import NAMESPACES, SERVICES, GeneratedCluster, generated_cluster
from golden.backends import container, deployment
from golden.probes import PREFIX, Object
from manifests import bundle
from sandbox.pki import Authority, Identity

_SEED = 20261128
_ALIAS = "alias.example.test"
_SECOND_ALIAS = ",b.example.test"
# Release 1.11 does not know them.
_YOUNGER = ("temporal-redirect-code", "relative-redirects")
# What the backends of the sandbox speak, by the value of backend-protocol, and the port for it.
_PORTS = {"HTTPS": 8443, "GRPC": 8082, "grpcs": 8443}
_CERTIFICATES = {"cert": ("a.", "b."), "wild": ("*.w.",), "foreign": ()}
_AUTH = "auth"
_MIRROR = "mirror"


@dataclass(frozen=True, slots=True)
class Site:
    """One site: its Ingresses, each with its round of creation, and what they name."""

    domain: str
    ingresses: tuple[tuple[int, Object], ...]
    services: tuple[Object, ...]
    secrets: tuple[Object, ...]

    @property
    def namespaces(self) -> set[str]:
        """The namespaces of its Ingresses."""
        return {obj["metadata"]["namespace"] for _, obj in self.ingresses}


def shared_objects() -> list[Object]:
    """Return the backends of all sites, and what Ingresses of any site may name."""
    objects: list[Object] = []
    for namespace in NAMESPACES:
        for name in SERVICES:
            ports = container(name, ":8080,:8082", ":8443", ":8081")
            objects.append(deployment(namespace, name, [ports]))
    for name, app in ((_AUTH, SERVICES[0]), (_MIRROR, SERVICES[0])):
        objects.append(_service(name, NAMESPACES[0], app, [{"name": "http", "port": 80, "targetPort": 8080}]))
    for namespace in NAMESPACES[:2]:
        line = base64.b64encode(b"alice:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n").decode()
        objects.append(_secret("users", namespace, {"auth": line}, "Opaque"))
        metadata = {"name": "headers", "namespace": namespace}
        objects.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"X-Golden": "yes"}})
    return objects


def sites(first: int, count: int) -> list[Site]:
    """Return the next sites that have Ingresses in several namespaces, from a number on."""
    several = (item for item in map(site, itertools.count(first)) if len(item.namespaces) > 1)
    return list(itertools.islice(several, count))


def site(number: int) -> Site:
    """Return one site, always the same for a number."""
    domain = f"s{number}.example.test"
    found = generated_cluster(SeededChoices(_SEED + number), domain)
    ingresses = [obj for obj in found.objects if obj["kind"] == "Ingress" and all(map(_has_host, obj["spec"]["rules"]))]
    protocol = _use_one_protocol(ingresses)
    for obj in ingresses:
        _make_real(obj)
    kept = _accepted(found, ingresses)
    named = set(_named(kept))
    ages = [int(obj["metadata"].pop("creationTimestamp")[18]) for obj in kept]
    texts = [json.dumps(obj).replace(_ALIAS, f"alias.{domain}") for obj in kept]
    renamed = [_renamed(json.loads(text.replace(_SECOND_ALIAS, f",b.{domain}")), number) for text in texts]
    return Site(
        domain,
        tuple(zip(ages, renamed, strict=True)),
        tuple(_services(found, named, number, _PORTS.get(protocol, 8080))),
        tuple(_secrets(renamed, number, domain)),
    )


def _has_host(rule: Object) -> bool:
    return bool(rule.get("host"))


def _use_one_protocol(ingresses: Iterable[Object]) -> str:
    """Let all Ingresses of a site speak one protocol, for a Service can be asked in one only; return which."""
    key = f"{PREFIX}/backend-protocol"
    asked = [obj["metadata"]["annotations"].get(key) for obj in ingresses]
    protocol = next((value for value in asked if value in _PORTS), "")
    for obj in ingresses:
        annotations = obj["metadata"]["annotations"]
        if protocol:
            annotations[key] = protocol
        elif annotations.get(key) in ("FCGI", "AUTO_HTTP"):
            annotations[key] = "HTTP"
    return protocol


def _make_real(obj: Object) -> None:
    """Take away what the API server, or the older nginx without some of its modules, refuses."""
    annotations = obj["metadata"]["annotations"]
    for name in _YOUNGER:
        annotations.pop(f"{PREFIX}/{name}", None)
    if annotations.get(f"{PREFIX}/limit-burst-multiplier") == "0":
        del annotations[f"{PREFIX}/limit-burst-multiplier"]
    for name in ("proxy-cookie-domain", "proxy-cookie-path"):
        # One word, other than off, is refused with the whole configuration.
        if len(annotations.get(f"{PREFIX}/{name}", "off off").split()) == 1:
            del annotations[f"{PREFIX}/{name}"]
    if any(rule["host"].startswith("*") for rule in obj["spec"]["rules"]):
        annotations.pop(f"{PREFIX}/from-to-www-redirect", None)
    if annotations.get(f"{PREFIX}/auth-type") == "digest":
        annotations[f"{PREFIX}/auth-type"] = "basic"
    for rule in obj["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            path["pathType"] = path["pathType"] or "ImplementationSpecific"


def _accepted(found: GeneratedCluster, ingresses: list[Object]) -> list[Object]:
    """Return Ingresses without those that nginx would refuse, and without canaries of hosts that nobody has."""
    services = [obj for obj in found.objects if obj["kind"] == "Service"]
    kept = list(ingresses)
    while kept:
        plan = make_plan(bundle(*services, *kept, certificates=found.certificates, serving=found.serving), Options())
        refused = {server.host for server in plan.site.servers.values() if _is_refused(server)}
        lost = [obj for obj in kept if _names(obj, refused) or _is_lost_canary(obj, plan.site.servers)]
        if not lost:
            return kept
        kept.remove(lost[-1])
    return []


def _is_refused(server: Server) -> bool:
    return duplicate(server.locations) is not None or (
        server.regex and not all(_compiles(location.path) for location in server.locations)
    )


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _names(obj: Object, hosts: set[str]) -> bool:
    return any(rule["host"] in hosts for rule in obj["spec"]["rules"])


def _is_lost_canary(obj: Object, servers: dict[str, Server]) -> bool:
    """Tell whether the controller would crash: release 1.11 does at a canary whose host has no server."""
    return obj["metadata"]["name"] == "canary" and any(rule["host"] not in servers for rule in obj["spec"]["rules"])


def _named(ingresses: Iterable[Object]) -> Iterator[tuple[str, str]]:
    """Yield namespace and name of each Service that Ingresses name."""
    for obj in ingresses:
        namespace, spec = obj["metadata"]["namespace"], obj["spec"]
        backends = [path["backend"] for rule in spec["rules"] for path in rule["http"]["paths"]]
        backends += [spec["defaultBackend"]] if "defaultBackend" in spec else []
        yield from ((namespace, backend["service"]["name"]) for backend in backends if "service" in backend)
        yield namespace, obj["metadata"]["annotations"].get(f"{PREFIX}/default-backend", "")


def _renamed(obj: Object, number: int) -> Object:
    """Return an Ingress under names of its own site, those of its Services and Secrets included."""
    metadata, spec = obj["metadata"], obj["spec"]
    metadata["name"] = _own(number, metadata["name"])
    backends = [path["backend"] for rule in spec["rules"] for path in rule["http"]["paths"]]
    backends += [spec["defaultBackend"]] if "defaultBackend" in spec else []
    for backend in backends:
        backend["service"]["name"] = _own(number, backend["service"]["name"])
    for entry in spec.get("tls", ()):
        entry["secretName"] = _own(number, entry["secretName"])
    key = f"{PREFIX}/default-backend"
    if metadata["annotations"].get(key) in SERVICES:
        metadata["annotations"][key] = _own(number, metadata["annotations"][key])
    return obj


def _own(number: int, name: str) -> str:
    return f"s{number}-{name}"


def _services(found: GeneratedCluster, named: set[tuple[str, str]], number: int, target: int) -> Iterator[Object]:
    for obj in found.objects:
        place = (obj["metadata"]["namespace"], obj["metadata"]["name"])
        if obj["kind"] == "Service" and place in named:
            ports = [{**port, "targetPort": target} for port in obj["spec"]["ports"]]
            app = place[1] if place in found.serving else "nobody"
            yield _service(_own(number, place[1]), place[0], app, ports)


def _service(name: str, namespace: str, app: str, ports: list[Object]) -> Object:
    spec = {"selector": {"app": app}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _secrets(ingresses: Iterable[Object], number: int, domain: str) -> Iterator[Object]:
    """Yield the certificates that exist, the same one in each namespace; their common names are those of Secrets."""
    wanted = {
        (entry["secretName"], obj["metadata"]["namespace"]) for obj in ingresses for entry in obj["spec"].get("tls", ())
    }
    for kind, labels in _CERTIFICATES.items():
        name = _own(number, kind)
        places = sorted(namespace for secret, namespace in wanted if secret == name)
        if places:
            names = tuple(f"{label}{domain}" for label in labels) or ("other.invalid",)
            made = _AUTHORITY.issue(Identity(name, name, alternative_names=names))
            data = {
                key: base64.b64encode(text).decode() for key, text in zip(("tls.crt", "tls.key"), made, strict=True)
            }
            yield from (_secret(name, namespace, data, "kubernetes.io/tls") for namespace in places)


_AUTHORITY = Authority.new("golden-sites")


def _secret(name: str, namespace: str, data: dict[str, str], type_: str) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "type": type_, "metadata": metadata, "data": data}
