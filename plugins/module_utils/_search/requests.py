# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that might tell a wrong conversion from a right one, made from what a host is configured for. PRIVATE.

Nothing is ever sent: the witnesses are asked. So methods, headers and client addresses are free, and spellings are as
nasty as clients can make them.
"""

from __future__ import annotations

import ipaddress
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from .._http.exchange import Request
from .._kube.hosts import is_wildcard
from .._nginx.ingress import Ingress
from .._nginx.patience import longest_request
from .._nginx.site import DEFAULT_SERVER, Server

_LABEL = "i2i"
_FOREIGN = "https://foreign.invalid"
_METHODS = ("GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE")
_QUERIES = ("", "", "?", "?a=b", "?a=b&c=%2F/", "?x=/api/", "?a/")
_LENGTHS = (0, 0, 0, 1, 1024 * 1024, 1024 * 1024 + 1, 100 * 1024 * 1024)
_CLIENTS = ("192.0.2.1", "10.1.2.3", "2001:db8::1", "127.0.0.1")
_REGEX_SIGNS = re.compile(r"[.*+?()\[\]{}|^$\\]")
_GROUP = re.compile(r"\([^()]*\)[*+?]?|\[[^\]]*\][*+?]?|\\[dw][*+]?|\.[*+]")
_WORDS = ("api", "x", "12", "a-b", "A", "v1.0", "%20", "")


@dataclass(frozen=True, slots=True)
class Pools:
    """What requests for one host are put together from."""

    hosts: Sequence[str]
    paths: Sequence[str]
    headers: Sequence[Mapping[str, str]]
    clients: Sequence[str]


def requests_for(server: Server, limit: int) -> Iterator[Request]:
    """Yield up to ``limit`` requests for the host of ``server``, always the same: plain ones first, then nasty ones."""
    pools = _pools(server)
    longest = longest_request(server)
    yield from islice((item for item in _all(pools, server) if _fits(item, longest)), limit)


def _fits(request: Request, longest: int) -> bool:
    return len(request.target) <= longest and all(len(value) <= longest for value in request.headers.values())


def _all(pools: Pools, server: Server) -> Iterator[Request]:
    host = pools.hosts[0]
    seen: set[tuple[str, str]] = set()
    for path in pools.paths:
        for scheme in ("http", "https"):
            if (path, scheme) not in seen:
                seen.add((path, scheme))
                yield Request(host, path, scheme)
    for headers in pools.headers:
        yield Request(host, pools.paths[0], headers=headers)
        yield Request(host, pools.paths[0], "https", "OPTIONS", headers)
    choose = random.Random(server.host)  # noqa: S311 - variety, the same on every machine, is what is wanted
    while True:
        headers = {**choose.choice(pools.headers), **choose.choice(pools.headers)} if choose.random() < _HALF else {}
        yield Request(
            choose.choice(pools.hosts),
            _spelled(choose.choice(pools.paths), choose) + choose.choice(_QUERIES),
            choose.choice(("http", "https")),
            choose.choice(_METHODS),
            headers,
            choose.choice(pools.clients),
            body_length=choose.choice(_LENGTHS),
        )


_HALF = 0.5


def _spelled(path: str, choose: random.Random) -> str:
    """Return another way to write ``path``, or to come near it."""
    spellings = (
        path,
        f"{path}/",
        path.removesuffix("/") or "/",
        f"{path}x",
        f"{path.removesuffix('/')}/x",
        f"/{path}",
        path.replace("/", "//", 2),
        f"/.{path}",
        f"/x/..{path}",
        f"{path.removesuffix('/')}/../x",
        path.upper(),
        path.swapcase(),
        path[:-1] or "/",
        _escaped(path, choose),
        f"{path};v=1",
        f"{path.removesuffix('/')}/%2F",
        f"{path.removesuffix('/')}/a%20b",
        f"{path.removesuffix('/')}/%zz",
    )
    return choose.choice(spellings)


def _escaped(path: str, choose: random.Random) -> str:
    number = choose.randrange(1, len(path)) if len(path) > 1 else 0
    character = path[number]
    return path if not number or ord(character) > 127 else f"{path[:number]}%{ord(character):02X}{path[number + 1 :]}"  # noqa: PLR2004


def _pools(server: Server) -> Pools:
    base = _host(server.host)
    hosts = [base, base, base, base.upper(), f"{base}:8080", f"{base}."]
    if is_wildcard(server.host):
        hosts += [f"other{server.host[1:]}", f"a.b{server.host[1:]}"]
    rules = dict.fromkeys(location.rule_path for location in server.locations)
    paths = [sample for rule in rules for sample in _samples(rule, server.regex)]
    headers = [{}, *(pair for ingress in server.ingresses for pair in _headers(ingress))]
    clients = [*_CLIENTS, *(address for ingress in server.ingresses for address in _addresses(ingress))]
    return Pools(hosts, list(dict.fromkeys([*paths, "/", f"/{_LABEL}-unknown"])), _distinct(headers), clients)


def _host(host: str) -> str:
    if host == DEFAULT_SERVER:
        return f"{_LABEL}.unknown.invalid"
    return f"{_LABEL}{host[1:]}" if is_wildcard(host) else host


def _samples(rule: str, regex: bool) -> Iterator[str]:
    """Yield paths that a rule takes; for a regular expression its literal beginning, and guesses at what it takes."""
    if not rule.startswith("/"):
        yield "/"
        return
    if not regex or not _REGEX_SIGNS.search(rule):
        yield rule
        return
    begin = _REGEX_SIGNS.search(rule)
    yield rule[: begin.start()] if begin else rule
    for word in _WORDS:
        guess = _REGEX_SIGNS.sub("", _GROUP.sub(word, rule))
        yield guess if guess.startswith("/") else f"/{guess}"


def _headers(ingress: Ingress) -> Iterator[Mapping[str, str]]:
    named = ingress.named
    for origin in (named.get("cors-allow-origin") or "").split(","):
        text = origin.strip().replace("*", "sub")
        if text:
            yield {"origin": text}
            yield {"origin": text.upper()}
            yield {"origin": f"{text}.evil.invalid"}
    if "enable-cors" in named:
        yield {"origin": _FOREIGN}
        yield {"origin": _FOREIGN, "access-control-request-method": "GET"}
    header = named.get("canary-by-header", "").lower()
    if header:
        values = ("always", "never", "other", named.get("canary-by-header-value", ""), _text(named))
        yield from ({header: value} for value in values if value)
    cookie = named.get("canary-by-cookie", "")
    if cookie:
        yield from ({"cookie": f"a=b; {cookie}={value}"} for value in ("always", "never", "x"))
    yield {"x-forwarded-proto": "https"}
    yield {"x-forwarded-for": "10.0.0.1"}
    yield {"authorization": "Basic bm9ib2R5Om5vdGhpbmc="}


def _text(named: Mapping[str, str]) -> str:
    return _REGEX_SIGNS.sub("", named.get("canary-by-header-pattern", ""))


def _addresses(ingress: Ingress) -> Iterator[str]:
    for name in ("allowlist-source-range", "whitelist-source-range", "denylist-source-range"):
        for item in ingress.named.get(name, "").split(","):
            try:
                network = ipaddress.ip_network(item.strip(), strict=False)
            except ValueError:
                continue
            yield str(network[0])
            yield str(network[-1])


def _distinct(headers: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return list({tuple(sorted(pair.items())): pair for pair in headers}.values())
