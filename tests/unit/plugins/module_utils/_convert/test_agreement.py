# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both witnesses agree about what is converted, or differ as a finding predicts."""

from __future__ import annotations

import pytest

from manifests import certificate, ingress, path, service
from plans import plan_of
from witnesses import Witnesses

HOST = "a.example.test"


def both(annotations: dict[str, str] | None = None, *, tls: bool = False, **fields: str) -> Witnesses:
    return Witnesses(
        plan_of(
            ingress(HOST, path("/"), path("/api/", "api"), annotations=annotations, tls="cert" if tls else None),
            service(),
            service("api"),
            certificates=[certificate(HOST)],
        )
    )


@pytest.mark.parametrize("target", ["/", "/api", "/api/", "/api/x?y=1", "/other", "/API/"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("tls", [False, True])
def test_paths_and_redirects(target: str, scheme: str, tls: bool) -> None:
    assert both(tls=tls).disagreements(HOST, target, scheme) == []


@pytest.mark.parametrize(("client", "status"), [("198.51.100.7", 0), ("203.0.113.1", 403), ("", 0)])
def test_an_address_list(client: str, status: int) -> None:
    witnesses = both({"allowlist-source-range": "198.51.100.0/24"})
    assert witnesses.nginx(HOST, "/", client=client).status == status
    assert witnesses.nginx(HOST, "/", client=client).guarded == (not client)
    assert witnesses.disagreements(HOST, "/", client=client) == []


def test_a_prediction_that_does_not_come_true_is_a_disagreement() -> None:
    witnesses = both(tls=True)
    assert witnesses.nginx(HOST, "/x/").location != witnesses.istio(HOST, "/x/").location
    assert witnesses.disagreements(HOST, "/x/") == []
    (verdict,) = witnesses.plan.conversion.verdicts.values()
    verdict.findings = [item for item in verdict.findings if item.code != "REDIRECT-KEEPS-SLASH"]
    assert witnesses.disagreements(HOST, "/x/") == [
        f"location: expected 'https://{HOST}/x', the gateway has 'https://{HOST}/x/'"
    ]
