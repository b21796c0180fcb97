# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedure that proves a wave: ask both planes until they agree or time is up (design.md, Proof). PRIVATE.

A gateway learns of changes some time after they were written. That is waited for by asking; and since probes that
agreed one by one do not show that all agree at once, whatever had to be asked again is followed by a pass over all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .certificates import (
    NO_SUCH_HOST,
    CertificateComparison,
    ExpectedCertificate,
    PlaneCertificates,
    compare_certificates,
)
from .comparison import Comparison, Verdict, compare, model_mismatch
from .errors import ProofError, UnreachablePlaneError
from .openssl import Shown
from .planes import Plane
from .probes import Probe
from .proof import Proof, Result
from .replies import Reply

_SAMPLE = 5
"""Probes of each scheme by which a plane is known to be there."""

_ENOUGH = 4
"""Answers of nginx itself that are needed to tell whether it is the one that was captured."""

_TIMED_OUT = "28"


class Asks(Protocol):
    """What asks a plane for probes, as :class:`.curl.Curl` does."""

    def ask(self, plane: Plane, probes: Sequence[Probe]) -> Mapping[str, Reply]:
        """Return the reply to each probe by its id."""


class AsksForCertificates(Protocol):
    """What asks a plane for certificates, as :class:`.openssl.OpenSsl` does."""

    def certificates(self, plane: Plane, names: Collection[str]) -> Mapping[str, Shown]:
        """Return what is shown for each name."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: how long the gateway may take to agree, and the pauses between two rounds of asking it.

    ``agree`` counts from the end of the first pass, which takes its time where backends do; a gateway that does not
    listen yet has as long to begin.
    """

    agree: float = 60
    first_pause: float = 0.2
    longest_pause: float = 5


@dataclass(frozen=True, slots=True)
class Means:
    """What a verification works with: the planes, what asks them, a clock (seconds), and what lets seconds pass."""

    nginx: Plane
    istio: Plane
    requests: Asks
    certificates: AsksForCertificates
    clock: Callable[[], float]
    wait: Callable[[float], object]
    patience: Patience = Patience()


def verify(
    name: str, probes: Sequence[Probe], hosts: Sequence[ExpectedCertificate], means: Means, taken_at: str = ""
) -> Proof:
    """Ask both planes for ``probes`` and the certificates of ``hosts``, and return the proof.

    nginx is asked twice at least. What differs is asked again, with growing pauses, until it agrees or the deadline
    has passed; then a last pass asks for everything at once. Raises UnreachablePlaneError when a plane gives no
    answer at all (the gateway within the deadline), ProofError when a host has no probe, and what the runners raise.
    """
    unproven = {item.host for item in hosts} - {probe.server for probe in probes}
    if unproven or not probes:
        raise ProofError(f"{name} has no probe for {min(unproven, default='any host')}; convert again")
    verification = _Verification(probes, hosts, means)
    verification.run()
    return verification.proof(name, taken_at)


class _Verification:
    """The answers so far, and what follows from them."""

    def __init__(self, probes: Sequence[Probe], hosts: Sequence[ExpectedCertificate], means: Means) -> None:
        self._probes = sorted(probes, key=lambda item: (item.server, item.host, item.scheme, item.target, item.id))
        self._hosts = sorted(hosts, key=lambda item: item.host)
        self._means = means
        self._started = means.clock()
        self._deadline = self._started + means.patience.agree
        self._pause = means.patience.first_pause
        self._rounds = 0
        self._nginx: dict[str, list[Reply]] = {probe.id: [] for probe in probes}
        self._istio: dict[str, Reply] = {}
        self._silent: dict[tuple[str, str], UnreachablePlaneError] = {}
        self._compared: dict[str, Comparison] = {}
        self._certificates: dict[str, CertificateComparison] = {}

    def run(self) -> None:
        """Ask until everything agrees in one pass, or the deadline has passed."""
        self._reach_both()
        self._ask_nginx(self._probes)
        self._look_at(self._probes, self._hosts)
        self._deadline = self._means.clock() + self._means.patience.agree
        while self._differing() and self._may_pause():
            probes, hosts = self._differing_probes(), self._differing_hosts()
            self._look_at(probes, hosts)
            if not self._differing():
                self._look_at(self._probes, self._hosts)
        self._check_that_planes_answered()
        self._check_that_nginx_is_meant()

    def proof(self, name: str, taken_at: str) -> Proof:
        """Return what was found."""
        results = (
            Result(probe, self._nginx[probe.id][-1], self._istio[probe.id], self._compared[probe.id])
            for probe in self._probes
        )
        return Proof(
            name=name,
            taken_at=taken_at,
            addresses={plane.name: dict(plane.addresses) for plane in (self._means.nginx, self._means.istio)},
            results=tuple(results),
            certificates=tuple(self._certificates[item.host] for item in self._hosts),
            seconds=self._means.clock() - self._started,
            rounds=self._rounds,
        )

    def _reach_both(self) -> None:
        """Ask each plane for a few probes, before thousands are asked in vain; the gateway may take its time."""
        error = self._silence(self._means.nginx)
        if error:
            raise error
        while error := self._silence(self._means.istio):
            if not self._may_pause():
                raise error

    def _silence(self, plane: Plane) -> UnreachablePlaneError | None:
        """Return an error when ``plane`` answers none of a few probes of one scheme."""
        sample = _sample(self._probes)
        replies = self._means.requests.ask(plane, sample)
        for scheme in plane.addresses:
            asked = [probe for probe in sample if probe.scheme == scheme]
            if asked and not any(_is_alive(probe, replies[probe.id]) for probe in asked):
                return _unreachable(plane, asked[0], replies[asked[0].id])
        return None

    def _check_that_planes_answered(self) -> None:
        for error in self._silent.values():
            raise error

    def _check_that_nginx_is_meant(self) -> None:
        """Raise ProofError where most of what nginx should answer itself comes from something else.

        Two addresses that lead to one proxy agree in everything, and prove nothing.
        """
        own = [probe for probe in self._probes if probe.generated]
        compared = [(probe, model_mismatch(probe, self._nginx[probe.id][-1])) for probe in own]
        strange = [(probe, problem) for probe, problem in compared if problem]
        if len(own) < _ENOUGH or 2 * len(strange) <= len(own):
            return
        probe, problem = strange[0]
        raise ProofError(
            f"{len(strange)} of {len(own)} answers that ingress-nginx gives itself are not as its configuration says "
            f"({probe}: {problem}); check that {self._means.nginx.addresses[probe.scheme]} is the address of this "
            "ingress-nginx, and make a new plan if its Ingresses changed"
        )

    def _ask(self, plane: Plane, probes: Sequence[Probe]) -> Mapping[str, Reply]:
        """Return the replies, and remember where the whole plane was silent: one error says that best."""
        replies = self._means.requests.ask(plane, probes) if probes else {}
        for scheme in plane.addresses:
            asked = [probe for probe in probes if probe.scheme == scheme]
            if asked:
                self._silent.pop((plane.name, scheme), None)
                everything = len(asked) == sum(probe.scheme == scheme for probe in self._probes)
                # That a few routes give no answer says nothing about the plane, unless it refuses connections.
                heard = (replies[probe.id].status if everything else replies[probe.id].connected for probe in asked)
                if not any(heard):
                    self._silent[(plane.name, scheme)] = _unreachable(plane, asked[0], replies[asked[0].id])
        return replies

    def _ask_nginx(self, probes: Sequence[Probe]) -> None:
        for probe_id, reply in self._ask(self._means.nginx, probes).items():
            self._nginx[probe_id].append(reply)

    def _look_at(self, probes: Sequence[Probe], hosts: Sequence[ExpectedCertificate]) -> None:
        """Ask the gateway and then nginx, so that nginx's answers are from before and after the gateway's."""
        self._istio.update(self._ask(self._means.istio, probes))
        self._ask_nginx(probes)
        for probe in probes:
            self._compared[probe.id] = compare(probe, self._nginx[probe.id], self._istio[probe.id])
        if hosts:
            names = [NO_SUCH_HOST, *(item.name for item in hosts)]
            nginx, istio = (self._certificates_of(plane, names) for plane in (self._means.nginx, self._means.istio))
            for item in hosts:
                self._certificates[item.host] = compare_certificates(item, nginx, istio)

    def _certificates_of(self, plane: Plane, names: Sequence[str]) -> PlaneCertificates:
        shown = self._means.certificates.certificates(plane, names)
        return PlaneCertificates(shown[NO_SUCH_HOST], shown)

    def _may_pause(self) -> bool:
        """Let some time pass, longer each time; return False instead once the deadline has passed."""
        left = self._deadline - self._means.clock()
        if left <= 0:
            return False
        self._rounds += 1
        self._means.wait(min(self._pause, left))
        self._pause = min(self._pause * 2, self._means.patience.longest_pause)
        return True

    def _differing(self) -> bool:
        return bool(self._differing_probes() or self._differing_hosts())

    def _differing_probes(self) -> list[Probe]:
        return [probe for probe in self._probes if self._compared[probe.id].verdict is Verdict.DIFFERENT]

    def _differing_hosts(self) -> list[ExpectedCertificate]:
        return [item for item in self._hosts if self._certificates[item.host].verdict is Verdict.DIFFERENT]


def _sample(probes: Sequence[Probe]) -> list[Probe]:
    """Return a few probes of different hosts for each scheme, rather such as need no backend."""
    sample: dict[tuple[str, str], Probe] = {}
    counts: dict[str, int] = {}
    for probe in sorted(probes, key=lambda item: not item.generated):
        key = (probe.scheme, probe.host)
        if key not in sample and counts.get(probe.scheme, 0) < _SAMPLE:
            sample[key] = probe
            counts[probe.scheme] = counts.get(probe.scheme, 0) + 1
    return list(sample.values())


def _is_alive(probe: Probe, reply: Reply) -> bool:
    """Tell whether a plane is there: it answers, or it waits for a backend."""
    return bool(reply.status) or (reply.connected and reply.failure == _TIMED_OUT and not probe.generated)


def _unreachable(plane: Plane, probe: Probe, reply: Reply) -> UnreachablePlaneError:
    return UnreachablePlaneError(
        f"plane {plane.name} does not answer at {plane.addresses[probe.scheme]} ({probe.scheme}): curl says "
        f"{reply.error!r}; check the address, and that connections from this machine are let through"
    )
