# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket

import pytest

from sandbox import ports
from sandbox.errors import SandboxError


def test_known_clusters_have_blocks_of_their_own() -> None:
    assert next(ports.candidates("cluster-a")) == 20100
    assert next(ports.candidates("cluster-b")) == 20200


def test_others_take_those_last() -> None:
    others = list(ports.candidates("other"))
    assert others[0] == 20300
    assert others[-2:] == [20100, 20200]
    assert len(set(others)) == len(others)
    assert all(port % ports.PORTS_PER_SANDBOX == 0 for port in others)


def test_a_port_that_is_listened_on_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert ports.listen(taken.getsockname()[1]) is None


def test_two_reservations_never_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    monkeypatch.setattr(ports, "candidates", lambda _name: iter([free]))
    first, listener = ports.reserve("one")
    with listener:
        assert first == free
        with pytest.raises(SandboxError, match="take another sandbox down"):
            ports.reserve("two")
