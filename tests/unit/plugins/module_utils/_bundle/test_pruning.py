# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of an object: what people declare, not what the server adds (features.md, mistake 7)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.pruning import is_ours, prune

SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "1",
        "resourceVersion": "2",
        "generation": 3,
        "managedFields": [{}],
        "creationTimestamp": "2024-01-01T00:00:00Z",
        "labels": {"app": "web"},
        "annotations": {"a": "b", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
    },
    "spec": {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv4"], "ports": [{"port": 80}]},
    "status": {"loadBalancer": {}},
}


def test_what_the_server_manages_goes() -> None:
    before = copy.deepcopy(SERVICE)
    assert prune(SERVICE) == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "creationTimestamp": "2024-01-01T00:00:00Z",
            "labels": {"app": "web"},
            "annotations": {"a": "b"},
        },
        "spec": {"ports": [{"port": 80}]},
    }
    assert before == SERVICE


def test_a_headless_service_stays_headless() -> None:
    assert prune({**SERVICE, "spec": {"clusterIP": "None"}})["spec"] == {"clusterIP": "None"}


def test_what_is_pruned_stays_so() -> None:
    assert prune(prune(SERVICE)) == prune(SERVICE)


def test_annotations_that_are_all_noise_go_as_a_whole() -> None:
    metadata = {"name": "x", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}
    assert prune({"kind": "Ingress", "metadata": metadata}) == {"kind": "Ingress", "metadata": {"name": "x"}}


@pytest.mark.parametrize("metadata", [None, True, "x", []])
def test_metadata_of_a_wrong_type_is_left_to_its_readers(metadata: Any) -> None:
    assert prune({"kind": "Ingress", "metadata": metadata, "spec": 1}) == {"kind": "Ingress", "metadata": {}, "spec": 1}
    assert not is_ours({"metadata": metadata})


def test_ours_are_known_by_their_label() -> None:
    assert is_ours({"metadata": {"labels": {"app.kubernetes.io/managed-by": "sealos-istio-migration"}}})
    assert not is_ours({"metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"}}})
    assert not is_ours({"metadata": {"labels": "sealos-istio-migration"}})
