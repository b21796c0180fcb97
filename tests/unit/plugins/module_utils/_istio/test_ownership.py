# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks on generated objects, and the text that is written of them (design.md, Generated objects)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.ownership import (
    stamp,
    stamped,
    was_edited,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.resources import envoy_filter, istio_object
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.digests import canonical_json
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.objects import KubeObject, ObjectKey

_OBJECTS: tuple[KubeObject, ...] = (
    istio_object("VirtualService", "shop", "a", {"hosts": ["ä.example.test"], "http": [{"name": 'a"b'}]}),
    envoy_filter("edge", "b", {"istio": "ingress"}, [{"applyTo": "HTTP_ROUTE"}], priority=-10),
    istio_object("Gateway", "edge", "empty", {}),
)


@pytest.mark.parametrize("obj", _OBJECTS, ids=lambda obj: obj["metadata"]["name"])
def test_the_text_of_a_marked_object_is_its_canonical_json(obj: KubeObject) -> None:
    sources = [ObjectKey("Ingress", "shop", "a")]
    made = stamped(obj, "shop", sources)
    assert made.obj == stamp(obj, "shop", sources)
    assert made.text == canonical_json(made.obj)


def test_what_is_read_back_from_the_text_counts_as_unedited_until_somebody_edits_it() -> None:
    live: dict[str, Any] = json.loads(stamped(_OBJECTS[0], "shop", ()).text)
    assert not was_edited(live)
    live["spec"]["hosts"].append("other.example.test")
    assert was_edited(live)
