# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m golden.witnesses`: both witnesses against the planes that they speak for, over generated sites.

All sites are in one cluster, in a few namespaces. What the API server made of them, creation times included, is
captured and planned; then the planes are asked what the witnesses are.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Answer, Request
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.configuration import (
    UnknownConfigurationError,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.requests import requests_for
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.search import Witnesses

from generated.clusters import NAMESPACES
from golden.asking import Plane
from golden.bed import Bed
from golden.comparing import differences, held_against
from golden.sandbox import sandbox
from golden.sites import Site, shared_objects, sites
from harness.site import namespace
from harness.target import HOME, Target

_CLIENT = "198.18.254.2"
_VARIANTS: tuple[Mapping[str, str], ...] = (
    {"ssl-redirect": "false", "hsts": "false", "proxy-body-size": "8m"},
    {"force-ssl-redirect": "true", "http-redirect-code": "301", "preserve-trailing-slash": "true"},
    {"whitelist-source-range": "192.0.2.0/24", "no-tls-redirect-locations": "/api,/.well-known/acme-challenge"},
    {"hsts-max-age": "600", "http-redirect-code": "302", "proxy-body-size": "1k"},
)
"""Settings of the controller under which a part of the sites is asked again."""
_BATCH = 60
_ROUND_SECONDS = 1.1
_SHOWN = 60
_POOL = 120
_PLAIN = 3
_THREADS = 3
_ROUNDS = 4
_PAUSE_SECONDS = 3.0
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VARYING = re.compile(r"^.*\[emerg\] [\d#]+: | in /tmp/nginx/nginx-cfg.*$")
_UNASKED = frozenset({"HEAD", "CONNECT"})
_LONGEST_BODY = 2 * 1024 * 1024
# curl sends them, so they belong to the request.
_OWN_HEADERS = {"accept": "*/*", "user-agent": "golden"}


@dataclass(slots=True)
class Compared:
    """How many requests and hosts were held against a plane, and those on which its witness is wrong."""

    hosts: int = 0
    requests: int = 0
    undecided: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Compared) -> None:
        """Count what was compared under other settings, too; hosts are the same ones."""
        self.requests += other.requests
        self.undecided += other.undecided
        self.wrong += other.wrong


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and what the witness says of it."""

    request: Request
    expected: Answer


def main(arguments: Sequence[str]) -> int:
    """Compare; return 0 when no difference is left."""
    parser = argparse.ArgumentParser(prog="golden.witnesses", description=__doc__)
    parser.add_argument("--sites", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="the number of the first site")
    parser.add_argument("--requests", type=int, default=8, help="how many for each host")
    parser.add_argument("--use", default="", help="a sandbox that is up with Istio; it is left as it is")
    parser.add_argument("--log", type=Path, help="also write all differences here")
    parser.add_argument("--furnished", action="store_true", help="its sites are there already")
    parser.add_argument("--variants", type=int, default=len(_VARIANTS), help="how many other settings of nginx")
    parser.add_argument("--planes", default="nginx,istio", help="which are asked")
    options = parser.parse_args(arguments)
    planes = options.planes.split(",")
    started = time.monotonic()
    with sandbox(options.use) as cluster, tempfile.TemporaryDirectory(prefix="golden-") as folder:
        bed = Bed(Target(cluster), Path(folder))
        if not options.use and "istio" in planes:
            _say("installing Istio")
            bed.install_istio()
        if not options.furnished:
            _furnish(bed, sites(options.first, options.sites))
        _say("converting")
        plan = bed.plan()
        if "istio" in planes:
            bed.bring(plan)
        results = {name: _compare(plan, bed.plane(name), options.requests) for name in planes}
        if "nginx" in planes:
            for number, settings in enumerate(_VARIANTS[: options.variants]):
                results["nginx"].add(_under(bed, settings, number, options.requests))
            results["nginx"].wrong[:0] = _complaints(bed, started)
        if "istio" in planes:
            refused = bed.target.rejected_updates()
            results["istio"].wrong += [f"Pod {pod} refused {count} updates" for pod, count in refused.items() if count]
    if options.log:
        lines = [f"{name}: {line}\n" for name, result in results.items() for line in result.wrong]
        options.log.write_text("".join(lines), encoding="utf-8")
    for name, result in results.items():
        for line in result.wrong[:_SHOWN]:
            _say(f"{name}: {line}")
        _say(
            f"witness: plane={name} sites={options.sites} hosts={result.hosts} requests={result.requests} "
            f"undecided={result.undecided} unexplained={len(result.wrong)}"
        )
    return int(any(result.wrong for result in results.values()))


def _furnish(bed: Bed, wanted: Sequence[Site]) -> None:
    _say("furnishing")
    cluster = bed.target.cluster
    cluster.apply([namespace(place) for place in NAMESPACES])
    cluster.apply(shared_objects())
    bed.wait_for_backends(NAMESPACES)
    for batch in _batches(wanted):
        cluster.apply([obj for item in batch for obj in (*item.services, *item.secrets)])
    for age in sorted({age for item in wanted for age, _ in item.ingresses}):
        for batch in _batches(wanted):
            # Equal ages within a site are those of one second.
            time.sleep(_ROUND_SECONDS - time.time() % 1)
            bed.apply_what_is_valid([obj for item in batch for number, obj in item.ingresses if number == age])
    bed.settle()


def _batches(sites: Sequence[Site]) -> Iterator[Sequence[Site]]:
    for start in range(0, len(sites), _BATCH):
        yield sites[start : start + _BATCH]


class _Witness:
    """One of the witnesses; certificates are said by the name of their Secret."""

    def __init__(self, plan: Plan, nginx: bool) -> None:
        both = Witnesses(plan)
        self._ask = both.nginx if nginx else both.istio
        credentials = plan.conversion.layout.credentials
        self._shown = {item.name: item.source[1] if item.source else _GATEWAYS_OWN for item in credentials}
        self._shown["default"] = _NGINX_OWN

    def __call__(self, request: Request) -> Answer:
        """Return what the plane answers. Raises UnknownConfigurationError."""
        answer = self._ask(request)
        name = self._shown.get(answer.certificate, answer.certificate.rpartition("/")[2])
        return replace(answer, certificate=name)


_NGINX_OWN = "Kubernetes Ingress Controller Fake Certificate"
_GATEWAYS_OWN = "Gateway Default Certificate"


def _under(bed: Bed, settings: Mapping[str, str], number: int, limit: int) -> Compared:
    """Compare nginx under other settings, each time for another part of the hosts."""
    bed.configure(settings)
    bed.settle()
    try:
        return _compare(bed.plan(), bed.plane("nginx"), limit, (number, len(_VARIANTS)))
    finally:
        bed.configure(dict.fromkeys(settings))


def _compare(plan: Plan, plane: Plane, limit: int, part: tuple[int, int] = (0, 1)) -> Compared:
    """Ask the hosts, or the ``part`` of them with a number of its divisor."""
    _say(f"asking {plane.name}")
    ask = _Witness(plan, plane.name == "nginx")
    result = Compared()
    pending: dict[str, list[Asked]] = {}
    for host, verdict in sorted(plan.conversion.verdicts.items())[part[0] :: part[1]]:
        if plane.name == "nginx" or verdict.moves:
            pending[host] = list(_expected(ask, _requests(plan, host, limit), result))
    result.hosts = sum(map(bool, pending.values()))
    result.requests = sum(map(len, pending.values()))
    wrong: list[str] = []
    for number in range(_ROUNDS):
        if number:
            # What was written last may not have arrived everywhere.
            time.sleep(_PAUSE_SECONDS)
        wrong, pending = _ask(plane, pending)
        if not wrong:
            break
    result.wrong += wrong
    return result


def _expected(ask: Callable[[Request], Answer], requests: Iterable[Request], result: Compared) -> Iterator[Asked]:
    for request in requests:
        try:
            answer = held_against(ask(request))
        except UnknownConfigurationError as error:
            result.wrong.append(f"{_shown(request)}: the witness does not know {error}")
            continue
        if answer is None:
            result.undecided += 1
        else:
            yield Asked(request, answer)


def _ask(plane: Plane, pending: Mapping[str, Sequence[Asked]]) -> tuple[list[str], dict[str, list[Asked]]]:
    """Return what is wrong, and the requests that were."""
    with ThreadPoolExecutor(_THREADS) as pool:
        answers = pool.map(lambda asked: plane.answers([item.request for item in asked]), pending.values())
        wrong: list[str] = []
        again: dict[str, list[Asked]] = {}
        for (host, asked), seen in zip(pending.items(), answers, strict=True):
            for item, answer in zip(asked, seen, strict=True):
                differs = differences(item.expected, answer)
                if differs:
                    again.setdefault(host, []).append(item)
                    wrong.append(f"{_shown(item.request)}: {'; '.join(differs)}")
    return wrong, again


def _requests(plan: Plan, host: str, limit: int) -> Iterator[Request]:
    """Yield requests for a host: a few plain ones, then some of all others."""
    pool = [item for item in islice(requests_for(plan.site.servers[host], _POOL), _POOL) if _can_be_sent(item)]
    choose = random.Random(host)  # noqa: S311 - the same each time
    rest = pool[_PLAIN:]
    chosen = pool[:_PLAIN] + choose.sample(rest, min(len(rest), max(0, limit - _PLAIN)))
    for request in chosen[:limit]:
        yield replace(request, client=_CLIENT, headers={**_OWN_HEADERS, **request.headers})


def _can_be_sent(request: Request) -> bool:
    texts = (request.host, request.target, *request.headers, *request.headers.values())
    return (
        request.method not in _UNASKED
        and request.body_length < _LONGEST_BODY
        and not request.sni
        and request.target.startswith("/")
        and not set(request.target) & set(" #")
        and all(_TOKEN.fullmatch(name) for name in request.headers)
        and all(text.isascii() and text.isprintable() for text in texts)
    )


def _complaints(bed: Bed, started: float) -> list[str]:
    """Return what nginx said when it refused a configuration, each line once."""
    since = f"--since={int(time.monotonic() - started) + 1}s"
    log = bed.target.cluster.kubectl("logs", "deployment/ingress-nginx-controller", f"--namespace={HOME}", since)
    lines = [_VARYING.sub("", line) for line in log.splitlines() if "[emerg]" in line or "panic: " in line]
    return list(dict.fromkeys(lines))


def _shown(request: Request) -> str:
    headers = {name: value for name, value in request.headers.items() if _OWN_HEADERS.get(name) != value}
    more = f" {headers}" if headers else ""
    more += f" body={request.body_length}" if request.body_length else ""
    return f"{request.method} {request.scheme}://{request.host}{request.target}{more}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
