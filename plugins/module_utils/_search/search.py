# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for requests on which the two witnesses differ and no finding says so (design.md, Two witnesses). PRIVATE."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .._bundle.bundle import Bundle
from .._convert.options import Options
from .._convert.predictions import predict
from .._convert.witnesses import disagreements
from .._findings.finding import Level
from .._http.exchange import Answer, Request
from .._istio.answer import answer as istio_answer
from .._istio.configuration import UnknownConfigurationError, compile_configuration
from .._nginx.answer import answer as nginx_answer
from .._nginx.answer import locate
from .._plan.plan import Plan, make_plan
from .requests import requests_for

PER_HOST = 400
"""The most requests that are tried for one host."""


@dataclass(frozen=True, slots=True)
class CounterExample:
    """A request whose answers differ; ``differs`` says in what."""

    host: str
    request: Request
    differs: tuple[str, ...]

    def __str__(self) -> str:
        asked = self.request
        headers = f" with {dict(asked.headers)!r}" if asked.headers else ""
        url = f"{asked.scheme}://{asked.host}{asked.target}"
        return f"{asked.method} {url!r}{headers} from {asked.client}: {'; '.join(self.differs)}"


@dataclass(slots=True)
class Outcome:
    """How many hosts and requests were tried, and the first counter-example of each host that has one."""

    hosts: int = 0
    requests: int = 0
    found: list[CounterExample] = field(default_factory=list)


_ROUNDS = 3
"""Holding back a host may change what its neighbours meet, so the rest is searched again."""


def searched_plan(bundle: Bundle, options: Options) -> Plan:
    """Return the plan for ``bundle``, with every host held back of which the search finds a counter-example.

    Raises what :func:`make_plan` raises.
    """
    distrusted: dict[str, str] = {}
    plan = make_plan(bundle, options)
    hosts = requests = 0
    for __ in range(_ROUNDS):
        outcome = search(plan, options.search_requests)
        hosts, requests = max(hosts, outcome.hosts), requests + outcome.requests
        if not outcome.found:
            break
        distrusted |= {example.host: str(example) for example in outcome.found}
        plan = make_plan(bundle, options, distrusted)
    counts = {"hosts": hosts, "requests": requests, "counter_examples": len(distrusted)}
    return replace(plan, searched=counts)


def search(plan: Plan, budget: int) -> Outcome:
    """Try up to ``budget`` requests, spread over the hosts of ``plan`` that move; every host gets the same share."""
    outcome = Outcome()
    moving = [host for host, item in sorted(plan.conversion.verdicts.items()) if item.moves]
    if not moving or budget <= 0:
        return outcome
    witnesses = Witnesses(plan)
    share = min(PER_HOST, max(1, budget // len(moving)))
    for host in moving[:budget]:
        outcome.hosts += 1
        for request in requests_for(plan.site.servers[host], share):
            outcome.requests += 1
            differs = witnesses.disagreements(request)
            if differs:
                outcome.found.append(CounterExample(host, request, differs))
                break
    return outcome


class Witnesses:
    """Both witnesses of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._site = plan.site
        objects = [obj for unit in plan.conversion.assembly.units() for obj in unit.objects]
        self._gateway = compile_configuration(objects, _idle(plan))
        self._codes = {
            host: frozenset(item.code for item in verdict.findings if item.level == Level.APPROXIMATE or item.accepted)
            for host, verdict in plan.conversion.verdicts.items()
            if verdict.moves
        }

    def nginx(self, request: Request) -> Answer:
        """Return what nginx answers."""
        return nginx_answer(self._site, request)

    def istio(self, request: Request) -> Answer:
        """Return what the gateway answers. Raises UnknownConfigurationError."""
        return istio_answer(self._gateway, request)

    def disagreements(self, request: Request) -> tuple[str, ...]:
        """Return how the witnesses differ about ``request`` where no finding predicts it.

        A request that nginx gives to a host that does not move is no evidence, whatever name it was made for.
        """
        server, __ = locate(self._site, request)
        codes = self._codes.get(server.host)
        if codes is None:
            return ()
        nginx = self.nginx(request)
        try:
            istio = self.istio(request)
        except UnknownConfigurationError as error:
            return (f"the second witness does not know {error}",)
        return tuple(disagreements(nginx, istio, predict(codes, self._site, request, nginx)))


def _idle(plan: Plan) -> frozenset[tuple[str, str]]:
    """Return the Services without a ready endpoint; where endpoints are not known, all are taken to have one."""
    serving = plan.bundle.serving
    return frozenset() if serving is None else frozenset(plan.site.services) - serving
