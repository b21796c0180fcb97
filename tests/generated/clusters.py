# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of a few hosts that several Ingresses and namespaces share, with what goes wrong in life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from generated.annotations import CANARY, SETTINGS, VALUES
from generated.choices import Choices, chance, some
from manifests import Object, backend, certificate, ingress, path, service

NAMESPACES = ("shop", "blog", "news")
SERVICES = ("web", "api", "fallback")
SECRETS = ("cert", "wild", "foreign", "missing")
_HOSTS = ("a", "b", "*.w", "x.w", "www.a", "")
_PLAIN = ("/", "/api", "/api/", "/api/v1", "/API", "/a.b", "/foo/bar", "/.well-known/acme-challenge/t", "/keep")
_PATTERNS = ("/api(/|$)(.*)", "/(.*)", "/id/[0-9]+", "/end$", "/a|/b", "/v[12]/(x)", "/(?!api).*", "/[", "/x/?(.*)")
_TYPES = ("Prefix", "Exact", "ImplementationSpecific", None)


@dataclass(slots=True)
class GeneratedCluster:
    """The objects, the certificates by Secret, the ConfigMap, and which Services have endpoints."""

    objects: list[Object] = field(default_factory=list)
    certificates: list[object] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    serving: frozenset[tuple[str, str]] = frozenset()


def generated_cluster(choices: Choices, domain: str = "example.test") -> GeneratedCluster:
    """Return a cluster of up to eight Ingresses for hosts below ``domain``."""
    found = GeneratedCluster()
    count = 1 + choices.number(5)
    found.objects = [_ingress(choices, number, domain) for number in range(count)]
    if chance(choices, 30):
        found.objects.append(_canary(choices, choices.pick(found.objects)))
    places = [(namespace, name) for namespace in NAMESPACES for name in SERVICES]
    found.objects += [service(name, namespace, _ports(choices)) for namespace, name in places]
    found.serving = frozenset(place for place in places if not chance(choices, 5))
    for namespace in NAMESPACES:
        found.certificates += [
            certificate(f"a.{domain}", f"b.{domain}", secret="cert", namespace=namespace),
            certificate(f"*.w.{domain}", secret="wild", namespace=namespace),
            certificate("other.invalid", secret="foreign", namespace=namespace),
        ]
    found.settings = {name: choices.pick(SETTINGS[name]) for name in some(choices, sorted(SETTINGS), 2)}
    return found


def _ingress(choices: Choices, number: int, domain: str) -> Object:
    regex = chance(choices, 30)
    hosts = [_host(choices.pick(_HOSTS), domain) for _ in range(1 + choices.number(1))]
    paths = [_path(choices, regex) for _ in range(1 + choices.number(2))]
    annotations = {name: choices.pick(VALUES[name]) for name in some(choices, sorted(VALUES), 4)}
    if regex:
        annotations["use-regex"] = "true"
        if chance(choices, 50):
            annotations["rewrite-target"] = choices.pick(VALUES["rewrite-target"])
    return ingress(
        list(dict.fromkeys(hosts)),
        *paths,
        name=f"i{number}",
        namespace=choices.pick(NAMESPACES),
        annotations=annotations,
        tls=choices.pick(SECRETS) if chance(choices, 50) else None,
        # Equal ages are as frequent as different ones.
        created=f"2024-01-01T00:00:0{choices.number(2)}Z",
        default=backend("fallback") if chance(choices, 10) else None,
    )


def _canary(choices: Choices, primary: Object) -> Object:
    """Return a canary for a path of ``primary``, or for one that it does not have."""
    rule = choices.pick(primary["spec"]["rules"])
    taken = choices.pick(rule["http"]["paths"])
    own = path(taken["path"], "api", type_=taken["pathType"])
    annotations = {"canary": choices.pick(("true", "true", "x"))}
    annotations |= {name: choices.pick(CANARY[name]) for name in some(choices, sorted(CANARY), 3)}
    return ingress(
        rule.get("host", ""),
        own if not chance(choices, 20) else path(choices.pick(_PLAIN), "api", type_=choices.pick(_TYPES)),
        name="canary",
        namespace=primary["metadata"]["namespace"] if chance(choices, 50) else choices.pick(NAMESPACES),
        annotations=annotations,
        created="2024-01-01T00:00:09Z",
    )


def _path(choices: Choices, regex: bool) -> Object:
    text = choices.pick(_PATTERNS) if regex else choices.pick(_PLAIN)
    port = choices.pick((80, 80, "http", 8080, 81))
    return path(text, choices.pick((*SERVICES, "nowhere")), port, choices.pick(_TYPES))


def _ports(choices: Choices) -> Sequence[Object]:
    name = choices.pick(("http", "http", "grpc-x", ""))
    return [{"port": 80, "targetPort": 8080, **({"name": name} if name else {})}]


def _host(label: str, domain: str) -> str:
    return f"{label}.{domain}" if label else ""
