# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an API server keeps the kinds that the collection knows."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.kinds import KINDS


@pytest.mark.parametrize(
    ("kind", "place", "path"),
    [
        ("Secret", ("shop", "cert"), "/api/v1/namespaces/shop/secrets/cert"),
        ("Secret", ("shop", ""), "/api/v1/namespaces/shop/secrets"),
        ("Secret", ("", ""), "/api/v1/secrets"),
        ("IngressClass", ("", "nginx"), "/apis/networking.k8s.io/v1/ingressclasses/nginx"),
        ("IngressClass", ("shop", "nginx"), "/apis/networking.k8s.io/v1/ingressclasses/nginx"),
        ("EnvoyFilter", ("a", "b"), "/apis/networking.istio.io/v1alpha3/namespaces/a/envoyfilters/b"),
    ],
)
def test_paths(kind: str, place: tuple[str, str], path: str) -> None:
    assert KINDS[kind].path(*place) == path


def test_api_versions() -> None:
    assert KINDS["Service"].api_version == "v1"
    assert KINDS["Gateway"].api_version == "networking.istio.io/v1"


@pytest.mark.parametrize("part", ["..", "../../secrets/x", "a/b", "a%2fb", "a?x=1", "A", " "])
def test_a_name_that_is_not_legal_never_becomes_part_of_a_url(part: str) -> None:
    with pytest.raises(ValueError, match="is no legal name"):
        KINDS["Secret"].path("shop", part)
    with pytest.raises(ValueError, match="is no legal name"):
        KINDS["Secret"].path(part, "cert")
