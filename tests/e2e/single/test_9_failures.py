# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not there when it is needed: the gateway, the API server, Istio's webhook."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from harness.controller import Controller
from harness.target import Answer, Target

NOWHERE = {"http": "127.0.0.1:9", "https": "127.0.0.1:9"}


@pytest.fixture
def shop_on_nginx(migrated: Target, controller: Controller) -> Target:
    """The shop is back on nginx, and may be tried again."""
    if migrated.states().get("shop") != "rolled_back":
        controller.run("rollback", rollback_namespaces=["shop"])
    return migrated


def api_server(target: Target) -> int:
    """The process of the sandbox's API server."""
    for process in target.cluster.processes():
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            continue
        if b"kube-apiserver" in Path(os.fsdecode(command)).name.encode():
            return process
    raise AssertionError("no API server runs")


def test_a_gateway_that_cannot_be_reached_costs_the_wave(shop_on_nginx: Target, controller: Controller) -> None:
    run = controller.run("migrate", expect=2, migrate_retry=True, migration_gateway_address=NOWHERE, migrate_waves=[1])
    assert "127.0.0.1:9" in run.text
    assert shop_on_nginx.states()["shop"] == "rolled_back"
    assert shop_on_nginx.ours("shop") == set()
    assert shop_on_nginx.answer("nginx", "https://shop.example.test/api/x") == Answer(200, "shop")


def test_a_webhook_that_is_down_is_named(shop_on_nginx: Target, controller: Controller) -> None:
    target = shop_on_nginx
    scale = ("scale", "deployment/istiod", "-n", "istio-system")
    target.cluster.kubectl(*scale, "--replicas=0")
    target.cluster.kubectl("wait", "pod", "-n", "istio-system", "-l", "app=istiod", "--for=delete", "--timeout=60s")
    try:
        run = controller.run("migrate", expect=2, migrate_retry=True, istio_install_control_plane="adopt")
        assert "webhook" in run.text
        assert target.ours("shop") == set()
        assert target.answer("nginx", "https://shop.example.test/api/x") == Answer(200, "shop")
    finally:
        target.cluster.kubectl(*scale, "--replicas=1")
        target.rolled_out("istio-system", "istiod")


def test_an_api_server_that_is_away_for_ten_seconds_is_waited_for(
    shop_on_nginx: Target, controller: Controller
) -> None:
    target = shop_on_nginx
    process = api_server(target)
    with controller.running("migrate", migrate_retry=True) as running:
        os.kill(process, signal.SIGSTOP)
        timer = threading.Timer(10, os.kill, (process, signal.SIGCONT))
        timer.start()
        try:
            running.wait()
        finally:
            timer.join()
            os.kill(process, signal.SIGCONT)
    assert set(target.states().values()) == {"verified"}
