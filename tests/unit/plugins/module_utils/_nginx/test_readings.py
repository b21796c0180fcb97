# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ingresses of equal annotations share what was read, where nothing but the annotations decides."""

from __future__ import annotations

from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.secrets import SecretFacts
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.ingress import read_ingress
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.policy import Readings, read_policy
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.references import References
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.settings import read_settings

from generated.choices import SeededChoices
from generated.clusters import generated_cluster
from manifests import ingress, path

_SETTINGS = read_settings((), {}, (1, 15))
_PREFIX = "nginx.ingress.kubernetes.io"


def test_a_shared_reading_is_what_reading_alone_gives() -> None:
    references = References(secrets={("shop", "users"): SecretFacts("shop", "users", keys=("auth",))})
    readings = Readings(_SETTINGS, references)
    for seed in range(200):
        for obj in generated_cluster(SeededChoices(seed)).objects:
            if obj["kind"] == "Ingress":
                read = read_ingress(obj, _PREFIX)
                assert readings.of(read) == read_policy(read, _SETTINGS, references)


def test_equal_annotations_mean_the_same_everywhere_unless_they_name_an_object_of_the_namespace() -> None:
    references = References(secrets={("shop", "users"): SecretFacts("shop", "users", keys=("auth",))})
    readings = Readings(_SETTINGS, references)
    plain = {"proxy-read-timeout": "10"}
    protected = {"auth-type": "basic", "auth-secret": "users"}
    (shop, blog), (shop_asks, blog_asks) = (
        [
            readings.of(
                read_ingress(ingress("a.example.test", path("/", "web"), namespace=name, annotations=named), _PREFIX)
            )
            for name in ("shop", "blog")
        ]
        for named in (plain, protected)
    )
    assert shop is blog
    assert shop_asks.policy.passwords.secret == ("shop", "users")
    assert blog_asks.policy.denied == "auth-secret"
