# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedure, with planes that are scripts and a clock that only waiting moves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.certificates import ExpectedCertificate
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.errors import (
    ProofError,
    UnreachablePlaneError,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.openssl import Shown
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.planes import Plane
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.probes import Probe
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.proof import Proof
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.replies import Reply
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.verification import (
    Means,
    Patience,
    verify,
)

REFUSED = Reply(0, error="7: Failed to connect", connected=False)
FINE = Reply(200)
MISSING = Reply(404)


def probe(name: str, scheme: str = "http") -> Probe:
    return Probe(name, f"{name}.test", f"{name}.test", scheme, "GET", "/", (), "path")


class World:
    """Two planes and a clock.

    ``answers`` maps (plane, probe) to what is answered, given the moment and how often it was asked before; others
    are FINE. ``shown`` does so for certificates; others show "default".
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.answers: dict[tuple[str, str], Callable[[float, int], Reply]] = {}
        self.shown: dict[tuple[str, str], Callable[[float], str]] = {}
        self._counts: dict[tuple[str, str], int] = {}

    def ask(self, plane: Plane, probes: Sequence[Probe]) -> Mapping[str, Reply]:
        self.asked.append((plane.name, tuple(item.id for item in probes)))
        return {item.id: self._answer(plane.name, item.id) for item in probes}

    def _answer(self, plane: str, name: str) -> Reply:
        count = self._counts.get((plane, name), 0)
        self._counts[(plane, name)] = count + 1
        answer = self.answers.get((plane, name))
        return answer(self.now - 1000, count) if answer else FINE

    def certificates(self, plane: Plane, names: Collection[str]) -> Mapping[str, Shown]:
        def leaf(name: str) -> str:
            show = self.shown.get((plane.name, name))
            return show(self.now - 1000) if show else "default"

        return {name: Shown((leaf(name),)) for name in names}

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    def verify(self, *probes: Probe, hosts: Sequence[ExpectedCertificate] = (), **patience: float) -> Proof:
        addresses = {"http": "127.0.0.1:20101", "https": "127.0.0.1:20102"}
        means = Means(
            nginx=Plane("nginx", addresses),
            istio=Plane("istio", {**addresses, "http": "127.0.0.1:20103"}),
            requests=self,
            certificates=self,
            clock=lambda: self.now,
            wait=self.wait,
            patience=Patience(**{"agree": 10, **patience}),
        )
        return verify("shop", probes, hosts, means, taken_at="2026-01-01T00:00:00Z")


def from_second(moment: float, before: Reply, after: Reply) -> Callable[[float, int], Reply]:
    return lambda now, _count: before if now < moment else after


def counts(proof: Proof) -> dict[str, Any]:
    return {name: value for name, value in proof.summary()["counts"].items() if value}


def test_planes_that_agree_are_asked_once_and_nginx_twice() -> None:
    world = World()
    proof = world.verify(probe("a"), probe("b"))
    assert proof.agrees
    assert counts(proof) == {"probes": 2, "equal": 2}
    assert world.asked == [
        ("nginx", ("a", "b")),
        ("istio", ("a", "b")),
        ("nginx", ("a", "b")),
        ("istio", ("a", "b")),
        ("nginx", ("a", "b")),
    ]
    assert (proof.rounds, proof.seconds) == (0, 0)


def test_propagation_is_waited_for_and_followed_by_a_pass_over_all() -> None:
    world = World()
    world.answers[("istio", "b")] = from_second(1, MISSING, FINE)
    proof = world.verify(probe("a"), probe("b"))
    assert proof.agrees
    assert 1 <= proof.seconds <= 2
    again = [names for plane, names in world.asked if plane == "istio"][2:]
    assert again == [*[("b",)] * proof.rounds, ("a", "b")]


def test_a_difference_stays_when_time_is_up() -> None:
    world = World()
    world.answers[("istio", "b")] = lambda *_: MISSING
    proof = world.verify(probe("a"), probe("b"))
    assert not proof.agrees
    assert proof.different_hosts == ["b.test"]
    assert proof.seconds == 10
    # Pauses grow, so ten seconds are few rounds.
    assert proof.rounds < 10
    assert counts(proof) == {"probes": 2, "equal": 1, "different": 1}


def test_probes_that_agree_only_one_by_one_do_not_agree() -> None:
    """One of two gateway Pods is broken: every second answer is wrong."""
    world = World()
    turn = itertools.count()
    for name in "abc":
        world.answers[("istio", name)] = lambda *_: FINE if next(turn) % 2 else MISSING
    proof = world.verify(*map(probe, "abc"))
    assert not proof.agrees
    assert proof.seconds == 10


def test_success_at_the_last_moment_still_needs_the_pass_over_all() -> None:
    world = World()
    world.answers[("istio", "b")] = from_second(10, MISSING, FINE)
    world.answers[("istio", "a")] = from_second(10, FINE, MISSING)
    proof = world.verify(probe("a"), probe("b"))
    assert proof.different_hosts == ["a.test"]


def test_what_varies_on_nginx_shows_while_asking_again() -> None:
    """Two Pods behind nginx, which happens to give the same one twice."""
    world = World()
    pods = [Reply(200, body_sha256=name) for name in ("one", "two")]
    world.answers[("nginx", "a")] = lambda _now, count: pods[count % 4 == 3]
    world.answers[("istio", "a")] = lambda *_: pods[1]
    proof = world.verify(probe("a"))
    assert proof.agrees
    assert counts(proof) == {"probes": 1, "equal": 1, "noise": 1}


def test_nginx_that_cannot_be_reached_is_one_error_at_once() -> None:
    world = World()
    world.answers = {("nginx", name): lambda *_: REFUSED for name in "ab"}
    with pytest.raises(UnreachablePlaneError) as caught:
        world.verify(probe("a"), probe("b"))
    assert "plane nginx does not answer at 127.0.0.1:20101 (http): curl says '7: Failed" in str(caught.value)
    assert world.now == 1000
    assert len(world.asked) == 1


def test_a_gateway_may_take_its_time_to_listen() -> None:
    world = World()
    world.answers[("istio", "a")] = from_second(3, REFUSED, FINE)
    proof = world.verify(probe("a"))
    assert proof.agrees
    assert proof.seconds >= 3


def test_a_gateway_that_never_listens_is_one_error() -> None:
    world = World()
    world.answers[("istio", "s")] = lambda *_: REFUSED
    with pytest.raises(UnreachablePlaneError, match=r"plane istio does not answer at 127\.0\.0\.1:20102 \(https\)"):
        world.verify(probe("a"), probe("s", "https"))
    assert world.now == 1010


@pytest.mark.parametrize("plane", ["nginx", "istio"])
def test_a_plane_that_goes_away_meanwhile_is_one_error(plane: str) -> None:
    world = World()
    for name in "ab":
        world.answers[(plane, name)] = lambda _now, count: REFUSED if count else FINE
    with pytest.raises(UnreachablePlaneError, match=f"plane {plane} does not answer"):
        world.verify(probe("a"), probe("b"))


@pytest.mark.parametrize("plane", ["nginx", "istio"])
def test_a_forwarder_without_a_plane_behind_it_is_one_error(plane: str) -> None:
    world = World()
    for name in "abcdefgh":
        world.answers[(plane, name)] = lambda *_: Reply(0, error="52: Empty reply from server")
    with pytest.raises(UnreachablePlaneError, match=f"plane {plane} does not answer .* curl says '52: Empty"):
        world.verify(*map(probe, "abcdefgh"))
    # A few probes show it.
    assert max(len(names) for _, names in world.asked) == 5


def test_probes_that_need_no_backend_show_first_whether_a_plane_is_there() -> None:
    world = World()
    own = replace(probe("z"), generated=True, status=404)
    for plane in ("nginx", "istio"):
        world.answers[(plane, "z")] = lambda *_: MISSING
    assert world.verify(*map(probe, "abcdef"), own).agrees
    assert world.asked[0] == ("nginx", ("z", "a", "b", "c", "d"))


def redirected(name: str) -> Probe:
    return replace(probe(name), status=308, location=f"https://{name}.test/", generated=True)


def test_two_addresses_that_lead_to_one_stranger_prove_nothing() -> None:
    world = World()
    names = ("a", "b", "c", "d")
    for plane, name in itertools.product(("nginx", "istio"), names):
        world.answers[(plane, name)] = lambda *_: MISSING
    with pytest.raises(
        ProofError, match=r"^4 of 4 answers that ingress-nginx gives itself are not as .*127\.0\.0\.1:20101"
    ):
        world.verify(*map(redirected, names))
    # One host that was changed meanwhile is no stranger.
    for plane, name in itertools.product(("nginx", "istio"), names[1:]):
        as_planned = Reply(308, {"location": (f"https://{name}.test/",)})
        world.answers[(plane, name)] = lambda *_, reply=as_planned: reply
    assert world.verify(*map(redirected, names)).agrees


def test_slow_backends_are_no_silent_plane() -> None:
    world = World()
    for plane in ("nginx", "istio"):
        world.answers[(plane, "a")] = lambda *_: Reply(0, error="28: Operation timed out")
    proof = world.verify(probe("a"), probe("b"))
    assert counts(proof) == {"probes": 2, "equal": 2, "unanswered": 1}


def test_certificates_are_waited_for_like_answers() -> None:
    world = World()
    host = ExpectedCertificate("a.test", "a.test", "new", "new")
    world.shown[("nginx", "a.test")] = lambda _now: "new"
    world.shown[("istio", "a.test")] = lambda now: "new" if now >= 2 else "default"
    proof = world.verify(probe("a"), probe("b"), hosts=[host])
    assert proof.agrees
    assert proof.seconds >= 2
    # The probes agreed all the time; the last pass asks for them, too.
    assert world.asked[-2:] == [("istio", ("a", "b")), ("nginx", ("a", "b"))]


def test_a_wrong_certificate_is_a_difference_of_its_host() -> None:
    world = World()
    world.shown[("nginx", "a.test")] = lambda _now: "right"
    hosts = [ExpectedCertificate("a.test", "a.test", "right", "right"), ExpectedCertificate("b.test", "b.test")]
    proof = world.verify(probe("a"), probe("b"), hosts=hosts)
    assert proof.different_hosts == ["a.test"]
    assert counts(proof) == {"probes": 2, "equal": 2, "certificates": 2, "certificates_different": 1}
    assert [item.verdict for item in proof.certificates] == ["different", "equal"]


def test_no_probes_prove_nothing() -> None:
    world = World()
    with pytest.raises(ProofError, match="shop has no probe for any host"):
        world.verify()
    with pytest.raises(ProofError, match=r"shop has no probe for b\.test; convert again"):
        world.verify(probe("a"), hosts=[ExpectedCertificate("b.test", "b.test")])
    assert world.asked == []
