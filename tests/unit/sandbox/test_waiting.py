# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import asyncio
import time

import pytest

from sandbox.agent.addresses import AddressPool, NoAddressError
from sandbox.agent.waiting import GracePeriod, Pulse, first_of


def test_a_pulse_misses_nothing() -> None:
    async def run() -> int:
        pulse = Pulse()
        seen = pulse.version
        pulse.beat()
        await asyncio.wait_for(pulse.after(seen), 1)  # beaten before it was waited for
        waiting = asyncio.create_task(pulse.after(pulse.version))
        await asyncio.sleep(0)
        pulse.beat()
        await asyncio.wait_for(waiting, 1)
        return pulse.version

    assert asyncio.run(run()) == 2


def test_a_grace_period_can_only_become_shorter() -> None:
    async def run() -> tuple[float, float]:
        grace = GracePeriod(30)
        began = time.monotonic()
        waiting = asyncio.create_task(grace.over())
        await asyncio.sleep(0)
        grace.shorten(60)
        remaining = grace.remaining
        grace.shorten(0.05)
        await asyncio.wait_for(waiting, 2)
        return remaining, time.monotonic() - began

    remaining, waited = asyncio.run(run())
    assert 29 < remaining <= 30
    assert 0.04 < waited < 1


def test_the_first_that_ends_cancels_the_others_and_waits_for_them() -> None:
    cleaned = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            cleaned.append("slow")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        asyncio.run(first_of(slow(), fails()))
    assert cleaned == ["slow"]


def test_addresses_are_handed_out_in_turn() -> None:
    pool = AddressPool("198.18.1.1", "198.18.1.3")
    assert [pool.take() for _ in range(2)] == ["198.18.1.1", "198.18.1.2"]
    pool.give_back("198.18.1.1")
    assert [pool.take() for _ in range(2)] == ["198.18.1.3", "198.18.1.1"]
    with pytest.raises(NoAddressError):
        pool.take()


def test_wanted_addresses() -> None:
    pool = AddressPool("198.18.1.1", "198.18.1.9")
    assert pool.take("198.18.1.5") == "198.18.1.5"
    assert pool.take("198.18.1.5") == "198.18.1.1"
    assert pool.take("198.18.9.9") == "198.18.1.2"
    pool.reserve("198.18.1.3")
    assert pool.take() == "198.18.1.4"
    assert pool.take("198.18.1.3") == "198.18.1.3"
