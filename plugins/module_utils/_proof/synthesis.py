# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes from the site: what to ask of a host so that a wrong conversion shows (design.md, Proof). PRIVATE.

Only requests whose outcome is well defined on both planes are made: nothing that nginx answers with 400, and no path
that the gateway passes on in another spelling than nginx does (semantics.md B.21).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple
from urllib.parse import quote

from .._convert.predictions import predict
from .._http.exchange import Answer, Request
from .._kube.hosts import is_wildcard
from .._nginx.answer import answer_at
from .._nginx.families.cors import Cors
from .._nginx.patience import longest_request
from .._nginx.phases.rewrite import matches_origin, redirects_to_https
from .._nginx.site import DEFAULT_SERVER, Location, Problem, Server, Site
from .probes import OWN_QUERY, VALUE_LIMIT, Headers, Probe, probe_id

DISGUISED = "disguised"
"""Why of probes that spell a refused path in another way: the gateway must refuse it, too (semantics.md E.1)."""

_OTHER = {"http": "https", "https": "http"}
_BAD_REQUEST = 400
_TWO_LABELS = "labels"
_NAME = "i2i-probe"
_NO_DOMAIN = ".unknown.invalid"
_UNKNOWN = f"/{_NAME}-unknown"
_FOREIGN_ORIGIN = f"https://{_NAME}.invalid"
_PREFLIGHT = ("access-control-request-method", "GET")
_WEBSOCKET: Headers = (
    ("connection", "Upgrade"),
    ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ("sec-websocket-version", "13"),
    ("upgrade", "websocket"),
)
_AMBIGUOUS = frozenset('"\\%{};?# ')
_REGEX_SIGNS = frozenset(".*+?()[]{}|^$\\")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most probes that are made for one location, and for one host."""

    per_location: int = 14
    per_host: int = 500


class _Case(NamedTuple):
    """A request to be considered."""

    why: str
    scheme: str
    target: str
    headers: Headers = ()
    method: str = "GET"
    labels: str = ""


def synthesise(
    server: Server, site: Site, codes: Iterable[str], *, upgrade: bool = False, bounds: Bounds | None = None
) -> Iterator[Probe]:
    """Yield the probes for the host of ``server``, always in the same order, none of them twice.

    ``codes`` are the findings that describe the host; ``upgrade`` adds one WebSocket handshake, on the first location
    that has a backend. Where ``bounds`` cut, every location keeps its most telling probes.
    """
    bounds = bounds or Bounds()
    probes = _Model(server, site, frozenset(codes)).probes(_cases(server, site, upgrade, bounds.per_location))
    yield from islice(probes, bounds.per_host)


def request_host(host: str, taken: Container[str]) -> str:
    """Return a name to ask for that is not in ``taken``: ``host`` itself, or one that a wildcard or no rule takes."""
    if host != DEFAULT_SERVER and not is_wildcard(host):
        return host
    domain = _NO_DOMAIN if host == DEFAULT_SERVER else host[1:]
    number = 0
    while True:
        name = f"{_NAME}{number or ''}{domain}"
        if name not in taken:
            return name
        number += 1


class _Model:
    """What nginx says to each case."""

    def __init__(self, server: Server, site: Site, codes: frozenset[str]) -> None:
        self._server = server
        self._site = site
        self._codes = codes
        self._host = request_host(server.host, site.servers)
        self._longest = min(VALUE_LIMIT, longest_request(server))

    def probes(self, cases: Iterable[_Case]) -> Iterator[Probe]:
        seen: set[tuple[object, ...]] = set()
        upgraded = False
        for case in cases:
            request = case[1:]
            if request in seen or (upgraded and case.headers is _WEBSOCKET):
                continue
            seen.add(request)
            probe = self._probe(case)
            if probe is not None:
                upgraded = upgraded or case.headers is _WEBSOCKET
                yield probe

    def _probe(self, case: _Case) -> Probe | None:
        # One that cannot be sent would keep the others of its wave from being sent.
        if max(map(len, (case.target, *(value for __, value in case.headers)))) > self._longest:
            return None
        host = case.labels + self._host
        # From which address a plane sees the probes is not known.
        request = Request(host, case.target, case.scheme, case.method, dict(case.headers), client="")
        found, server, location = answer_at(self._site, request)
        if not _well_defined(case, found):
            return None
        predicted = predict(self._codes, self._site, request, found, (server, location))
        differences = tuple(item for item in predicted if _is_visible(item.field))
        return Probe(
            probe_id(host, case.scheme, case.method, case.target, case.headers),
            self._server.host,
            host,
            case.scheme,
            case.method,
            case.target,
            case.headers,
            case.why,
            0 if found.error_pages else found.status,
            found.location,
            not (found.backend or found.error_pages),
            found.guarded,
            bool(found.shares),
            differences,
        )


def _is_visible(field: str) -> bool:
    """Tell whether a client sees the field of an answer."""
    return field in ("status", "location") or field.startswith("header:")


def _well_defined(case: _Case, found: Answer) -> bool:
    # A prober has no certificate to show; without one there is nothing to compare.
    if found.status == _BAD_REQUEST or any(item.kind == "certificate" and item.is_needed for item in found.guards):
        return False
    if case.why in (DISGUISED, _TWO_LABELS):
        return found.guarded or not (found.backend or found.location)
    return bool(found.backend) or case.headers is not _WEBSOCKET


def _cases(server: Server, site: Site, upgrade: bool, per_location: int) -> Iterator[_Case]:
    """Yield the cases of the host, then the first of each location, then the second of each, and so on."""
    # nginx makes two locations of one Prefix; the rule is probed once.
    rules = {(location.rule_path, id(location.ingress)): location for location in server.locations}
    runs = [list(islice(_location_cases(location, server, site), per_location)) for location in rules.values()]
    ranked = (run[rank] for rank in range(max(map(len, runs), default=0)) for run in runs if rank < len(run))
    return chain(_host_cases(server, runs, upgrade), ranked)


def _host_cases(server: Server, runs: list[list[_Case]], upgrade: bool) -> Iterator[_Case]:
    main = "https" if server.certificate.configured else "http"
    yield _Case("unknown", main, _UNKNOWN)
    yield _Case("unknown", _OTHER[main], _UNKNOWN)
    first = [run[0] for run in runs if run]
    for case in first[:1]:
        yield case._replace(why="head", method="HEAD")
    if is_wildcard(server.host):
        # nginx's wildcards take one label; what has two is answered by its default server.
        yield _Case(_TWO_LABELS, "http", "/", labels="a.")
    if upgrade:
        for case in first:
            yield case._replace(why="upgrade", headers=_WEBSOCKET)


def _location_cases(location: Location, server: Server, site: Site) -> Iterator[_Case]:
    """Yield what tells most about a location first. The scheme that clients end at is asked in full."""
    path = _sample_path(location.rule_path, server.regex)
    secure = server.certificate.configured or redirects_to_https(site, server, location)
    main = "https" if secure else "http"
    other = _OTHER[main]
    base = path.removesuffix("/")
    slashed = path if not base else base if path.endswith("/") else f"{base}/"
    yield _Case("path", main, path)
    yield _Case("path", other, path)
    yield _Case("slash", main, slashed)
    yield from _cors_cases(location.policy.cors, main, path)
    yield _Case("suffix", main, f"{base}/{_NAME}")
    if base and _refuses(location, site):
        yield from (_Case(DISGUISED, main, target) for target in _disguises(path))
    if base:
        yield _Case("neighbour", main, f"{base}x")
    yield _Case("query", main, f"{path}?{OWN_QUERY}")
    yield _Case("encoded", main, f"{base}/a%20b")
    if base:
        yield _Case("case", main, base.swapcase())
        yield _Case("slash", other, slashed)
    if "%" not in base and len(base) > 2:  # noqa: PLR2004 - a slash and at least two characters
        yield _Case("neighbour", main, base[:-1])
    if location.policy.cors and location.policy.cors.origins:
        yield _preflight(other, path, _allowed_origin(location.policy.cors))
    yield _Case("query", other, f"{path}?{OWN_QUERY}")


def _refuses(location: Location, site: Site) -> bool:
    """Tell whether a location has answers of nginx itself that a client might want to get around."""
    upstream = location.upstream or site.default_upstream
    policy = location.policy
    return (
        bool(policy.denied or policy.access.restricts or policy.passwords.secret)
        or upstream is None
        or upstream.problem is not Problem.NONE
    )


def _disguises(path: str) -> Iterator[str]:
    yield f"/{path}"
    yield f"/{_NAME}/..{path}"
    if path[1].isalnum():
        yield f"/%{ord(path[1]):02X}{path[2:]}"


def _cors_cases(cors: Cors | None, scheme: str, path: str) -> Iterator[_Case]:
    if cors is None or not cors.origins:
        return
    allowed = _allowed_origin(cors)
    foreign = not matches_origin(cors, _FOREIGN_ORIGIN)
    yield _preflight(scheme, path, allowed)
    yield _Case("origin", scheme, path, (("origin", allowed),))
    if foreign:
        yield _Case("origin", scheme, path, (("origin", _FOREIGN_ORIGIN),))
        yield _preflight(scheme, path, _FOREIGN_ORIGIN)
    yield _Case("preflight", scheme, path, (_PREFLIGHT,), "OPTIONS")


def _preflight(scheme: str, path: str, origin: str) -> _Case:
    return _Case("preflight", scheme, path, (_PREFLIGHT, ("origin", origin)), "OPTIONS")


def _allowed_origin(cors: Cors) -> str:
    return _FOREIGN_ORIGIN if cors.origins == ("*",) else cors.origins[0].replace("*", _NAME)


def _sample_path(rule_path: str, regex: bool) -> str:
    """Return a request path that a rule takes; of a regular expression its literal beginning."""
    path = rule_path
    if regex:
        end = next((number for number, sign in enumerate(path) if sign in _REGEX_SIGNS), len(path))
        path = path[:end]
    if not path.startswith("/"):
        path = f"/{path}"
    return "".join(sign if "!" <= sign <= "~" and sign not in _AMBIGUOUS else _escaped(sign) for sign in path)


def _escaped(sign: str) -> str:
    return quote(sign.encode("utf-8", "surrogatepass"), safe="")
