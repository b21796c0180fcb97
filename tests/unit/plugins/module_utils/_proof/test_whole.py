# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a site to a proof: real curl and openssl, two servers that play the planes as the model says."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Request
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.answer import answer
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.intake import take_in
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.merge import build_site
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.site import Site
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.certificates import ExpectedCertificate
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.curl import Curl, Limits
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.openssl import OpenSsl
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.planes import Plane
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.proof import Proof
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.synthesis import synthesise
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.verification import (
    Means,
    Patience,
    verify,
)

from manifests import bundle, certificate, ingress, path, service

HOST = "a.example.test"
REASONS = {0: "200 OK", 204: "204 No Content", 301: "301 Moved", 308: "308 Permanent Redirect", 404: "404 Not Found"}


class PlayedPlane:
    """A server that answers what the model says, changed by ``change`` (headers by name → headers by name)."""

    def __init__(self, site: Site, change: Callable[[str, dict[str, str]], dict[str, str]]) -> None:
        self._site = site
        self._change = change

    def __call__(self, request: bytes, connection: socket.socket) -> bytes:
        first, *lines = request.decode().split("\r\n\r\n")[0].split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        scheme = "https" if isinstance(connection, ssl.SSLSocket) else "http"
        found = answer(self._site, Request(headers["host"], target, scheme, method, headers))
        body = "" if method == "HEAD" else f"{found.backend} {found.upstream_target}"
        answered = {**found.headers, "content-length": str(len(body)), "connection": "close"}
        if found.location:
            answered["location"] = found.location
        answered = self._change(target, answered)
        head = "".join(f"{name}: {value}\r\n" for name, value in answered.items())
        return f"HTTP/1.1 {REASONS[found.status]}\r\n{head}\r\n{body}".encode()


def site() -> Site:
    cors = {"enable-cors": "true"}
    captured = bundle(
        service(),
        ingress(HOST, path("/api/"), tls="cert", annotations=cors),
        certificates=[certificate(HOST)],
    )
    return build_site(captured, take_in(captured))


def prove(serve: Callable[..., Any], authority: Any, change: Callable[[str, dict[str, str]], dict[str, str]]) -> Proof:
    model = site()
    crt, key, fingerprint = authority.certificate(HOST)
    addresses = {}
    for plane, play in (
        ("nginx", PlayedPlane(model, lambda _target, headers: headers)),
        ("istio", PlayedPlane(model, change)),
    ):
        tls = authority.context(crt, key)
        addresses[plane] = {"http": serve(play).address, "https": serve(play, tls).address}
    means = Means(
        nginx=Plane("nginx", addresses["nginx"]),
        istio=Plane("istio", addresses["istio"]),
        requests=Curl(Limits()),
        certificates=OpenSsl(),
        clock=time.monotonic,
        wait=time.sleep,
        patience=Patience(agree=3),
    )
    probes = list(synthesise(model.servers[HOST], model, ["REDIRECT-KEEPS-SLASH"]))
    assert len(probes) > 15
    return verify("shop", probes, [ExpectedCertificate(HOST, HOST, fingerprint, fingerprint)], means)


def as_envoy(target: str, headers: dict[str, str]) -> dict[str, str]:
    """The redirect to https keeps a trailing slash; Envoy tells of itself."""
    location = headers.get("location", "")
    if target.endswith("/") and location == f"https://{HOST}{target[:-1]}":
        headers = {**headers, "location": f"{location}/"}
    return {**headers, "x-envoy-upstream-service-time": "1"}


def test_planes_that_answer_as_the_model_says_agree(serve: Callable[..., Any], authority: Any) -> None:
    proof = prove(serve, authority, as_envoy)
    counts = proof.summary()["counts"]
    assert proof.agrees, [item for item in proof.results if item.comparison.deviations]
    assert counts["described"] >= 1
    assert counts["equal"] == counts["probes"] - counts["described"]
    assert counts["certificates"] == 1
    assert (counts["model_mismatches"], counts["unanswered"], counts["noise"]) == (0, 0, 0)


def test_a_header_that_only_one_plane_sets_is_found_and_named(serve: Callable[..., Any], authority: Any) -> None:
    def change(target: str, headers: dict[str, str]) -> dict[str, str]:
        extra = {"server": "istio-envoy"} if target.startswith("/api/i2i-probe") else {}
        return {**as_envoy(target, headers), **extra}

    proof = prove(serve, authority, change)
    different = [item for item in proof.results if item.comparison.verdict == "different"]
    assert proof.different_hosts == [HOST]
    assert {item.probe.target for item in different} == {"/api/i2i-probe"}
    assert [item.field for item in different[0].comparison.deviations] == ["header:server"]
