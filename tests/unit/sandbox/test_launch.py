# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import signal
from typing import Any

import pytest

from sandbox.agent import downward, launch
from sandbox.agent.environment import service_links
from sandbox.agent.references import references
from sandbox.image import Image

IMAGE = Image(
    name="thing",
    entrypoint=("/thing",),
    command=("serve",),
    user=1000,
    group=1001,
    environment={},
    working_directory="/",
    stop_signal=signal.SIGQUIT,
    files={},
    copies={},
    links={},
)


def _pod(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "web-0", "namespace": "shop", "uid": "u-1", "labels": {"a": "b"}, "annotations": {}}
    return {"metadata": metadata, "spec": {"containers": [], **spec}}


@pytest.mark.parametrize(
    ("of_pod", "of_container", "expected"),
    [
        ({}, {}, (1000, 1001, [])),
        ({"runAsUser": 5}, {}, (5, 0, [])),
        ({"runAsUser": 5, "runAsGroup": 6}, {"runAsUser": 7}, (7, 6, [])),
        ({"fsGroup": 9, "supplementalGroups": [8]}, {"runAsGroup": 3}, (1000, 3, [8, 9])),
    ],
)
def test_the_nearer_security_context_wins(
    of_pod: dict[str, Any], of_container: dict[str, Any], expected: tuple[int, int, list[int]]
) -> None:
    who = launch.identity(_pod(securityContext=of_pod), {"securityContext": of_container}, IMAGE)
    assert (who.user, who.group, who.groups) == expected


def test_root_is_refused_where_nobody_may_be_root() -> None:
    with pytest.raises(launch.ConfigError, match="runAsNonRoot"):
        launch.identity(_pod(), {"securityContext": {"runAsNonRoot": True, "runAsUser": 0}}, IMAGE)


@pytest.mark.parametrize(
    ("spec", "lines"),
    [
        (
            {},
            [
                "nameserver 198.18.0.1",
                "search shop.svc.cluster.local svc.cluster.local cluster.local",
                "options ndots:5",
            ],
        ),
        ({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["198.18.254.2"]}}, ["nameserver 198.18.254.2"]),
        ({"dnsPolicy": "Default"}, ["nameserver 198.18.0.1"]),
    ],
)
def test_resolvers(spec: dict[str, Any], lines: list[str]) -> None:
    assert launch.resolver(_pod(**spec)).splitlines() == lines


def test_host_names_are_at_most_63_characters() -> None:
    pod = _pod()
    pod["metadata"]["name"] = "a" * 62 + "-" + "b" * 10
    assert launch.hostname(pod) == "a" * 62


def test_stop_signals() -> None:
    assert launch.stop_signal({}, IMAGE) is signal.SIGQUIT
    assert launch.stop_signal({"lifecycle": {"stopSignal": "SIGUSR1"}}, IMAGE) is signal.SIGUSR1


def test_unknown_fields_are_named() -> None:
    with pytest.raises(downward.UnknownFieldError, match=r"'spec\.secret'"):
        downward.field(_pod(), "198.18.1.1", "spec.secret")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "web-0"),
        ("metadata.labels['a']", "b"),
        ("metadata.labels['none']", ""),
        ("metadata.labels", 'a="b"'),
        ("metadata.annotations", ""),
        ("status.podIP", "198.18.1.1"),
        ("spec.serviceAccountName", "default"),
    ],
)
def test_fields(path: str, value: str) -> None:
    assert downward.field(_pod(), "198.18.1.1", path) == value


def test_service_links() -> None:
    ports = [{"name": "main-port", "port": 80}, {"port": 53, "protocol": "UDP"}]
    service = {"metadata": {"name": "my-web"}, "spec": {"clusterIP": "198.19.0.9", "ports": ports}}
    headless = {"metadata": {"name": "db"}, "spec": {"clusterIP": "None", "ports": [{"port": 1}]}}
    found = service_links([service, headless])
    assert found["MY_WEB_SERVICE_HOST"] == "198.19.0.9"
    assert found["MY_WEB_SERVICE_PORT_MAIN_PORT"] == "80"
    assert found["MY_WEB_PORT_53_UDP"] == "udp://198.19.0.9:53"
    assert not any(name.startswith("DB_") for name in found)


def test_references_of_a_pod() -> None:
    container = {
        "name": "main",
        "envFrom": [{"secretRef": {"name": "s1"}}],
        "env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "c1", "key": "k"}}}],
    }
    volumes = [
        {"name": "a", "secret": {"secretName": "s2"}},
        {"name": "b", "projected": {"sources": [{"configMap": {"name": "c2"}}, {"secret": {"name": "s3"}}]}},
        {"name": "c", "emptyDir": {}},
    ]
    assert references(_pod(containers=[container], volumes=volumes)) == {
        ("secrets", "shop", "s1"),
        ("secrets", "shop", "s2"),
        ("secrets", "shop", "s3"),
        ("configmaps", "shop", "c1"),
        ("configmaps", "shop", "c2"),
    }
