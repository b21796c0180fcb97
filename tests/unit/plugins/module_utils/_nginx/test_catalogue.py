# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue accounts for every annotation of ingress-nginx 1.15 (design.md, rule 4; semantics.md A)."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.registry import CARRIED, FAMILIES
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.catalogue import (
    ACCEPTED,
    ALIASES,
    ANNOTATIONS,
    Invalid,
    Loss,
    Risk,
)


def test_136_annotations_in_40_groups_and_two_aliases() -> None:
    assert len(ANNOTATIONS) == 136
    assert len({entry.group for entry in ANNOTATIONS.values()}) == 40
    assert ALIASES == {"whitelist-source-range": "allowlist-source-range", "limit-whitelist": "limit-allowlist"}
    assert len(ACCEPTED) == 138


def test_snippets_are_critical_and_nothing_else_is() -> None:
    assert {name for name, entry in ANNOTATIONS.items() if entry.risk is Risk.CRITICAL} == {
        "auth-snippet",
        "configuration-snippet",
        "modsecurity-snippet",
        "server-snippet",
        "stream-snippet",
    }


@pytest.mark.parametrize(
    "name",
    [
        *("allowlist-source-range", "denylist-source-range", "auth-type", "auth-secret", "auth-url", "auth-tls-secret"),
        *("auth-tls-match-cn", "satisfy", "limit-rps", "limit-connections", "enable-modsecurity", "custom-headers"),
    ],
)
def test_what_protects_is_a_loss_of_security(name: str) -> None:
    assert ANNOTATIONS[name].loss is Loss.SECURITY


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("allowlist-source-range", Invalid.DENY),
        ("denylist-source-range", Invalid.DENY),
        ("auth-secret", Invalid.DENY),
        ("auth-tls-secret", Invalid.FORBID),
        ("server-alias", Invalid.REJECT),
        ("proxy-read-timeout", Invalid.DEFAULT),
        ("auth-request-redirect", Invalid.IGNORE),
    ],
)
def test_what_an_invalid_value_does(name: str, effect: Invalid) -> None:
    assert ANNOTATIONS[name].invalid is effect


def test_every_annotation_belongs_to_one_family_at_most_and_exists() -> None:
    named = Counter(name for family in FAMILIES for name in family.annotations)
    assert set(named) == CARRIED
    assert set(named) <= set(ANNOTATIONS)
    assert [name for name, count in named.items() if count > 1] == []


def test_every_annotation_has_a_handler_or_a_verdict() -> None:
    assert sorted(set(ANNOTATIONS) - CARRIED) == []
