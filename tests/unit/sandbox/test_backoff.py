# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from sandbox.agent.backoff import Backoff


def test_doubles_up_to_five_minutes() -> None:
    backoff = Backoff()
    assert [backoff.delay(1) for _ in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]


def test_forgets_after_ten_good_minutes() -> None:
    backoff = Backoff()
    for _ in range(4):
        backoff.delay(1)
    assert backoff.delay(599) == 80
    assert backoff.delay(600) == 0
    assert backoff.delay(1) == 10
