# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Older gateways, by semantics.md A.2 36, A.3 92, C.8 and C.12."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options

from manifests import certificate, ingress, service
from plans import codes_of, plan_of

HOST = "a.example.com"
EXEMPT = {"limit-rps": "1", "limit-allowlist": "10.0.0.0/8"}
COOKIE = {"affinity": "cookie", "session-cookie-samesite": "Lax"}


@pytest.mark.parametrize(
    ("annotations", "release", "too_old"),
    [
        ({}, (1, 27), False),
        ({"limit-rps": "1"}, (1, 27), False),
        (EXEMPT, (1, 29), True),
        (EXEMPT, (1, 30), False),
        (EXEMPT, None, False),
        (COOKIE, (1, 27), True),
        (COOKIE, (1, 28), False),
    ],
)
def test_a_host_stays_where_the_gateway_lacks_what_it_needs(
    annotations: dict[str, str], release: tuple[int, int] | None, too_old: bool
) -> None:
    options = Options(istio_release=release)
    plan = plan_of(ingress(HOST, annotations=annotations), service(), options=options)
    assert ("ISTIO-TOO-OLD" in codes_of(plan, HOST)) is too_old
    assert plan.conversion.verdicts[HOST].moves is not too_old


def test_a_cookie_over_https_has_an_attribute_anyway() -> None:
    secure = ingress(HOST, tls="cert", annotations={"affinity": "cookie"})
    for release, too_old in (((1, 27), True), ((1, 28), False)):
        captured = {"options": Options(istio_release=release), "certificates": [certificate(HOST)]}
        assert ("ISTIO-TOO-OLD" in codes_of(plan_of(secure, service(), **captured), HOST)) is too_old


def test_the_plan_names_a_release_only_where_it_lacks_something() -> None:
    assert Options().as_dict()["istio_release"] == ""
    assert Options(istio_release=(1, 28)).as_dict()["istio_release"] == "1.28"
