# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Capturing a bundle: what Ingresses name and no more, no key, nothing of ours."""

from __future__ import annotations

from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import Bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.capture import capture
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.objects import key_of

from manifests import backend, ingress, ingress_class, path, service

from .conftest import MemoryApi

CONTROLLER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "nginx", "namespace": "edge", "uid": "x", "managedFields": []},
    "spec": {
        "template": {
            "metadata": {"labels": {"app": "nginx"}},
            "spec": {
                "containers": [
                    {
                        "name": "c",
                        "image": "x:v1.15.1",
                        "command": ["/nginx-ingress-controller"],
                        "args": [
                            "--configmap=edge/settings",
                            "--default-backend-service=edge/fallback",
                            "--default-ssl-certificate=edge/own",
                        ],
                    }
                ]
            },
        }
    },
    "status": {"replicas": 1},
}


def secret(name: str, namespace: str = "shop") -> dict[str, Any]:
    data = {"tls.crt": "eA==", "tls.key": "c2VjcmV0"}
    return {
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def slice_of(name: str, *endpoints: Any) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": name}
    metadata = {"name": f"{name}-x{len(endpoints)}", "namespace": "shop", "labels": labels}
    return {"kind": "EndpointSlice", "metadata": metadata, "endpoints": list(endpoints)}


def captured(*objects: dict[str, Any]) -> Bundle:
    settings = {
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "edge"},
        "data": {"use-gzip": "true"},
    }
    front = service("front", "edge", [{"port": 443}], selector={"app": "nginx"})
    api = MemoryApi(CONTROLLER, settings, front, ingress_class(), service("fallback", "edge"), *objects)
    api.answers["/version"] = {"gitVersion": "v1.36.3"}
    return capture(api, "cluster-a", "edge")


def names(bundle: Bundle, kind: str) -> list[str]:
    return [f"{key_of(obj).namespace}/{key_of(obj).name}" for obj in bundle.of(kind)]


def test_what_annotations_and_settings_name_is_captured() -> None:
    annotations = {"auth-proxy-set-headers": "shop/auth", "default-backend": "errors", "custom-headers": "Not A Name"}
    found = captured(
        ingress("a.example.test", annotations=annotations),
        service("errors"),
        *({"kind": "ConfigMap", "metadata": {"name": n, "namespace": "shop"}} for n in ("auth", "stranger")),
    )
    assert names(found, "ConfigMap") == ["edge/settings", "shop/auth"]
    assert "shop/errors" in names(found, "Service")


def test_services_and_secrets_are_those_that_are_named() -> None:
    found = captured(
        ingress("a.example.test", path("/", "web"), path("/b", ""), tls="cert", default=backend("home")),
        *(service(name) for name in ("web", "home", "stranger")),
        service("web", "bank"),
        *(secret(name) for name in ("cert", "stranger")),
        secret("own", "edge"),
    )
    assert names(found, "Service") == ["edge/fallback", "edge/front", "shop/home", "shop/web"]
    assert sorted(found.certificates) == [("edge", "own"), ("shop", "cert")]
    assert names(found, "ConfigMap") == ["edge/settings"]
    assert names(found, "Deployment") == ["edge/nginx"]
    assert found.server_version == "v1.36.3"
    assert found.controller is not None
    assert found.controller.service == ("edge", "front")


def test_services_that_urls_and_external_names_lead_to_are_captured() -> None:
    urls = {"auth-url": "https://check.auth.svc.cluster.local:4180/a", "mirror-target": "http://copy.shop.svc/x"}
    alias = service("alias", type="ExternalName", externalName="real.bank.svc.cluster.local")
    others = [service("check", "auth"), service("copy"), service("real", "bank"), service("real", "shop")]
    found = captured(ingress("a.example.test", path("/", "alias"), annotations=urls), alias, *others)
    own = ["edge/fallback", "edge/front"]
    assert sorted(names(found, "Service")) == ["auth/check", "bank/real", *own, "shop/alias", "shop/copy"]


def test_no_secret_data_and_nothing_of_the_server_is_in_a_bundle() -> None:
    found = captured(ingress("a.example.test", tls="cert"), service(), secret("cert"))
    assert "Secret" not in found.objects
    text = repr(found)
    assert not any(word in text for word in ("c2VjcmV0", "resourceVersion", "managedFields", "replicas"))


def test_objects_of_ours_are_left_out() -> None:
    labels = {"app.kubernetes.io/managed-by": "sealos-istio-migration"}
    ours = {"kind": "Gateway", "metadata": {"name": "ours", "namespace": "edge", "labels": labels}, "spec": {}}
    theirs = {"kind": "Gateway", "metadata": {"name": "theirs", "namespace": "edge"}, "spec": {}}
    assert names(captured(ours, theirs), "Gateway") == ["edge/theirs"]


def test_a_service_serves_with_one_ready_endpoint() -> None:
    ready, pending, silent = {"conditions": {"ready": True}}, {"conditions": {"ready": False}}, {"addresses": ["x"]}
    found = captured(
        ingress("a.example.test", *(path(f"/{name}", name) for name in ("one", "two", "three", "four"))),
        *(service(name) for name in ("one", "two", "three", "four", "stranger")),
        slice_of("one", pending, ready),
        slice_of("two", pending),
        slice_of("three", silent),
        slice_of("four"),
        slice_of("stranger", ready),
    )
    assert found.serving == frozenset({("shop", "one"), ("shop", "three")})


def test_names_of_secrets_that_no_secret_can_have_are_not_asked_for() -> None:
    found = captured(
        ingress("a.example.test", tls="../../other/secrets/x"), ingress("b.example.test", name="b", tls="A")
    )
    assert found.certificates == {}


def test_of_secrets_that_annotations_name_facts_are_kept() -> None:
    def opaque(name: str, **data: str) -> dict[str, Any]:
        return {"kind": "Secret", "metadata": {"name": name, "namespace": "shop"}, "data": data}

    annotations = {"auth-secret": "users", "auth-tls-secret": "shop/ca", "proxy-ssl-secret": "../x"}
    found = captured(
        ingress("a.example.test", annotations=annotations),
        opaque("users", auth="YWxpY2U6c2VjcmV0"),
        opaque("ca", **{"ca.crt": "eA=="}),
        opaque("stranger", auth="eA=="),
    )
    assert {place: facts.keys for place, facts in found.secrets.items()} == {
        ("shop", "ca"): ("ca.crt",),
        ("shop", "users"): ("auth",),
    }
    assert found.secrets[("shop", "ca")].authority == ""
    assert "YWxpY2U6c2VjcmV0" not in str(found)
