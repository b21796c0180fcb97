# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of requests (semantics.md A.4 129 to 131, B.17)."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Acceptance, Options

from manifests import ingress, path, service
from plans import codes_of, objects_of, plan_of, routes_of
from witnesses import Witnesses

HOST = "a.example.test"
TARGET = "http://mir.d.svc$request_uri"


def both(*accepted: str, **annotations: str) -> Witnesses:
    named = {name.replace("_", "-"): value for name, value in annotations.items()}
    options = Options(accept=tuple(map(Acceptance, accepted)))
    return Witnesses(plan_of(ingress(HOST, path("/"), annotations=named), service(), options=options))


@pytest.mark.parametrize("target", ["/", "/a?b=c", "/x%20y"])
@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {"mirror_host": "other.test"},
        {"mirror_target": "https://mirror.example.org${request_uri}"},
        {"rewrite_target": "/inner"},
        {"upstream_vhost": "inner.test"},
    ],
)
def test_copies_are_what_the_backend_gets(annotations: dict[str, str], target: str) -> None:
    witnesses = both(**{"mirror_target": TARGET, **annotations})
    assert witnesses.disagreements(HOST, target) == []
    assert witnesses.nginx(HOST, target).mirrors != witnesses.istio(HOST, target).mirrors
    assert codes_of(witnesses.plan, HOST).count("MIRROR-AS-FORWARDED") == 1


def test_what_nginx_copies() -> None:
    assert both(mirror_target=TARGET).nginx(HOST, "/a?b").mirrors == ("http://mir.d.svc:80 /a?b host=mir.d.svc",)


@pytest.mark.parametrize(
    "target",
    ["http://mir.d.svc", "http://mir.d.svc/x$request_uri", "http://$host$request_uri", "https://mir.d.svc$request_uri"],
)
def test_copies_that_cannot_be_sent_need_consent(target: str) -> None:
    assert not both(mirror_target=target).plan.conversion.verdicts[HOST].moves
    accepted = both("MIRROR-NOT-CONVERTED", mirror_target=target)
    assert "mirrors" not in routes_of(accepted.plan, HOST)[-1]
    assert accepted.disagreements(HOST, "/") == []


def test_bodies_that_nginx_does_not_copy_need_consent() -> None:
    named = {"mirror_target": TARGET, "mirror_request_body": "off"}
    assert not both(**named).plan.conversion.verdicts[HOST].moves
    assert both("MIRROR-BODY", **named).disagreements(HOST, "/") == []


def test_a_service_outside_is_made_known_to_the_gateway_alone() -> None:
    plan = both(mirror_target="https://mirror.example.org$request_uri").plan
    (entry,) = objects_of(plan, "ServiceEntry")
    assert (entry["spec"]["hosts"], entry["spec"]["exportTo"]) == (["mirror.example.org"], ["."])
    (rule,) = objects_of(plan, "DestinationRule")
    assert rule["spec"]["trafficPolicy"]["portLevelSettings"][0]["tls"]["sni"] == "mirror.example.org"
