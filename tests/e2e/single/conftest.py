# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster on its way from ingress-nginx to the gateway. The files are its stations, in this order.

Every station can be entered alone: a fixture brings the cluster there when the tests before were not run.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import identities, site
from harness.controller import Controller
from harness.target import Target
from sandbox.cluster import Cluster

NAME = "test-single"
MAGAZINE = "blog.and-1-more"
"""The unit of two namespaces that share a host."""


def applications() -> list[site.Object]:
    """Three units, one of which breaks on Istio, and one host that stays on nginx."""
    wallet = {"rewrite-target": "/wallet", "x-forwarded-prefix": "$1"}
    return [
        *(site.namespace(name) for name in ("shop", "broken", "blog", "news")),
        *site.application("shop"),
        site.certificate("shop", "shop-cert", ["shop.example.test"]),
        site.ingress("shop", "shop.example.test", "/", "/api", secret="shop-cert"),
        site.ingress("shop", "wallet.example.test", name="wallet", annotations=wallet),
        *site.application("broken", site.REFUSES_THE_GATEWAY),
        site.ingress("broken", "broken.example.test"),
        *site.application("blog"),
        *site.application("news"),
        site.ingress("blog", "magazine.example.test", "/"),
        site.ingress("news", "magazine.example.test", "/news"),
    ]


@pytest.fixture(scope="session")
def target(start_sandbox: Callable[[str], Cluster]) -> Target:
    """The cluster with its applications on ingress-nginx; nobody has prepared a migration yet."""
    found = Target(start_sandbox(NAME))
    found.furnish(applications())
    return found


@pytest.fixture(scope="session")
def controller(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """The machine that migrates it."""
    settings = {"convert_waves": [["shop"], ["broken"], ["blog"]], "verify_timeout": 5}
    return Controller(tmp_path_factory.mktemp("controller"), {NAME: {}}, settings)


@pytest.fixture(scope="session")
def granted(target: Target, controller: Controller) -> None:
    """The two identities are there."""
    identities.make_both(target, controller.folder)


@pytest.fixture(scope="session")
def migrated(target: Target, controller: Controller, granted: None) -> Target:
    """The cluster with everything on the gateway that can move."""
    if set(target.states().values()) != {"verified"}:
        target.furnish(site.application("broken"))
        controller.run("migrate", migrate_retry=True)
    return target
