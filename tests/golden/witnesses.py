# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m golden.witnesses`: both witnesses against the planes that they speak for, over generated sites.

Each site has hosts, Ingresses and a seed of its own; all of them are in one cluster, in a few namespaces. What the API
server made of them, creation times included, is captured and planned; then the planes are asked what the witnesses are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Answer, Request
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.configuration import (
    UnknownConfigurationError,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.requests import requests_for
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.search import Witnesses

from generated.choices import SeededChoices
from generated.clusters import NAMESPACES, SERVICES, generated_cluster
from golden.backends import deployed
from golden.bed import Bed
from golden.probes import Object
from golden.sandbox import sandbox
from harness.site import namespace
from harness.target import Target

_SEED = 20261128
_CLIENT = "198.18.254.2"
_BATCH = 100
_SHOWN = 40
_UNASKED = frozenset({"HEAD", "CONNECT"})
_END = "\x1f"


@dataclass(frozen=True, slots=True)
class Compared:
    """How many requests were held against a plane, and those on which its witness is wrong."""

    requests: int
    hosts: int
    wrong: tuple[str, ...]


def main(arguments: Sequence[str]) -> int:
    """Compare; return 0 when no difference is left."""
    parser = argparse.ArgumentParser(prog="golden.witnesses", description=__doc__)
    parser.add_argument("--sites", type=int, default=300)
    parser.add_argument("--requests", type=int, default=15, help="how many for each host")
    parser.add_argument("--use", default="", help="a sandbox that is up with Istio; it is left as it is")
    options = parser.parse_args(arguments)
    with sandbox(options.use) as cluster, tempfile.TemporaryDirectory(prefix="golden-") as folder:
        bed = Bed(Target(cluster), Path(folder))
        if not options.use:
            bed.install_istio()
        _furnish(bed, options.sites)
        plan = bed.convert()
        results = {name: _compare(bed, plan, name, options.requests) for name in ("nginx", "istio")}
    for name, result in results.items():
        for line in result.wrong[:_SHOWN]:
            _say(f"{name}: {line}")
        _say(
            f"witness: plane={name} sites={options.sites} hosts={result.hosts} requests={result.requests} "
            f"unexplained={len(result.wrong)}"
        )
    return int(any(result.wrong for result in results.values()))


def _furnish(bed: Bed, sites: int) -> None:
    cluster = bed.target.cluster
    cluster.apply([namespace(place) for place in NAMESPACES])
    cluster.apply([obj for place in NAMESPACES for obj in deployed(place, SERVICES)])
    bed.wait_for_backends(NAMESPACES)
    for start in range(0, sites, _BATCH):
        objects = [obj for number in range(start, min(sites, start + _BATCH)) for obj in site(number)]
        bed.apply_what_is_valid(objects)
    bed.settle()


def site(number: int) -> list[Object]:
    """Return the Ingresses of one site, under names and hosts that no other site has; the seed is fixed."""
    found = generated_cluster(SeededChoices(_SEED + number), f"s{number}.example.test")
    ingresses = []
    for obj in found.objects:
        # Hosts that all sites would share say nothing about one site.
        if obj["kind"] != "Ingress" or any(not rule.get("host") for rule in obj["spec"]["rules"]):
            continue
        metadata = {key: value for key, value in obj["metadata"].items() if key != "creationTimestamp"}
        text = json.dumps({**obj, "metadata": metadata | {"name": f"s{number}-{metadata['name']}"}})
        ingresses.append(json.loads(text.replace('"alias.example.test', f'"alias.s{number}.example.test')))
    return ingresses


def _compare(bed: Bed, plan: Plan, plane: str, limit: int) -> Compared:
    witnesses = Witnesses(plan)
    wrong: list[str] = []
    requests = hosts = 0
    for host, verdict in sorted(plan.conversion.verdicts.items()):
        if plane == "istio" and not verdict.moves:
            continue
        asked = [item for item in _requests(plan, host, limit) if item.method not in _UNASKED]
        hosts += 1
        for request, seen in zip(asked, _ask(bed, plane, asked), strict=True):
            try:
                expected = witnesses.nginx(request) if plane == "nginx" else witnesses.istio(request)
            except UnknownConfigurationError as error:
                wrong.append(f"{request.scheme}://{host}{request.target}: the witness does not know {error}")
                continue
            requests += 1
            if difference := _difference(expected, seen):
                wrong.append(f"{request.method} {request.scheme}://{host}{request.target}: {difference}")
    return Compared(requests, hosts, tuple(wrong))


def _requests(plan: Plan, host: str, limit: int) -> Iterator[Request]:
    for request in requests_for(plan.site.servers[host], limit):
        if request.body_length == 0 and not request.sni and _is_printable(request):
            yield Request(
                request.host, request.target, request.scheme, request.method, request.headers, _CLIENT, request.sni
            )


def _is_printable(request: Request) -> bool:
    texts = (request.host, request.target, *request.headers, *request.headers.values())
    return request.target.startswith("/") and all(text.isascii() and text.isprintable() for text in texts)


def _ask(bed: Bed, plane: str, requests: Sequence[Request]) -> list[dict[str, str]]:
    ports = {"http": bed.planes()[plane].http, "https": bed.planes()[plane].https}
    command = ["curl", "-q"]
    for number, request in enumerate(requests):
        command += ["--next"] if number else []
        command += ["-s", "-k", "-g", "--http1.1", "--noproxy", "*", "--path-as-is", "--max-time", "20"]
        command += ["--connect-to", f"::127.0.0.1:{ports[request.scheme]}", "-X", request.method]
        command += [part for name, value in request.headers.items() for part in ("-H", f"{name}: {value}")]
        command += ["-w", f"\x1e%{{http_code}}\x1e%header{{location}}{_END}"]
        command.append(f"{request.scheme}://{request.host}{request.target}")
    done = subprocess.run(command, capture_output=True, check=False, timeout=600)
    parts = done.stdout.decode("utf-8", "replace").split(_END)[:-1]
    return [_read(part) for part in parts]


def _read(part: str) -> dict[str, str]:
    body, status, location = part.split("\x1e")
    found = {"status": status, "location": location}
    try:
        echoed = json.loads(body)
    except ValueError:
        return found
    if isinstance(echoed, dict) and "service" in echoed:
        found |= {"backend": f"{echoed['namespace']}/{echoed['service']}", "uri": echoed["path"]}
    return found


def _difference(expected: Answer, seen: dict[str, str]) -> str:
    """Say what differs in status, Location, backend and upstream target; empty where nothing does."""
    if expected.guards or expected.limits:
        return ""
    if not expected.backend:
        wanted = {"status": str(expected.status), "location": expected.location}
    else:
        backends = [name for name, _ in expected.shares] or [expected.backend]
        names = [name.partition(":")[0] for name in backends]
        wanted = {"status": "200", "backend": seen.get("backend", "") if seen.get("backend") in names else names[0]}
        wanted["uri"] = expected.upstream_target
    return "; ".join(
        f"{name}: witness {value!r}, plane {seen.get(name, '')!r}"
        for name, value in wanted.items()
        if seen.get(name, "") != value
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
