# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written as YAML is read back as it was, by the library that most tools use."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.yaml import as_yaml

TEXTS = ("a", "yes", "NO", "null", "1", "1e3", "0x1f", "- a", "a: b", "#", "", " a ", "'", '"', "\n", "\x00", "é😀")


@pytest.mark.parametrize(
    "value",
    [
        {"list": [], "mapping": {}, "text": "", "nothing": None, "true": True, "number": 7, "float": 1.5},
        {"nested": [{"a": [1, [2, [3]], {"b": {}}]}, [], [[]], {"c": [{"d": "e"}]}]},
        {"texts": list(TEXTS), "keys": dict.fromkeys(TEXTS, "x")},
        {"paths": ["/", "/a.b/c", "~", "{{ x }}", "%REQ(:PATH)%", "(?i)/a.*", "2024-01-01", "12:30:45"]},
    ],
)
def test_it_is_read_back(value: Any) -> None:
    assert yaml.safe_load(as_yaml(value)) == value


def test_it_is_written_for_people() -> None:
    obj = {"kind": "Gateway", "spec": {"servers": [{"hosts": ["a/b.test"], "port": {"number": 80}}], "selector": {}}}
    assert as_yaml(obj).splitlines() == [
        "---",
        "kind: Gateway",
        "spec:",
        "  selector: {}",
        "  servers:",
        "    - hosts:",
        "        - a/b.test",
        "      port:",
        "        number: 80",
    ]
