# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The downward API: what a Pod may know about itself."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Final

from sandbox import layout
from sandbox.agent import quantity

# The scheduler is told of far more than there is, since nothing here limits a container. A container that asks for its
# share without having a limit gets what the machine really has.
_MACHINE: Final = {
    "cpu": str(os.cpu_count() or 1),
    "memory": str(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
    "ephemeral-storage": "100Gi",
}
_KEYED: Final = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


class UnknownFieldError(ValueError):
    """A path that the downward API does not have."""


def field(pod: dict[str, Any], address: str, path: str) -> str:
    """The value of a fieldRef; raises UnknownFieldError."""
    metadata, spec = pod["metadata"], pod["spec"]
    keyed = _KEYED.fullmatch(path)
    if keyed:
        value: str = (metadata.get(keyed[1]) or {}).get(keyed[2], "")
        return value
    if path in ("metadata.labels", "metadata.annotations"):
        pairs = metadata.get(path.partition(".")[2]) or {}
        return "\n".join(f"{key}={json.dumps(pairs[key], ensure_ascii=False)}" for key in sorted(pairs))
    known = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": layout.NODE_NAME,
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.hostIP": layout.NODE_ADDRESS,
        "status.hostIPs": layout.NODE_ADDRESS,
        "status.podIP": address,
        "status.podIPs": address,
    }
    if path not in known:
        raise UnknownFieldError(f"the downward API has no field {path!r}")
    return str(known[path])


def resource(pod: dict[str, Any], container: dict[str, Any], reference: dict[str, Any]) -> str:
    """The value of a resourceFieldRef; raises UnknownFieldError."""
    name = reference.get("containerName")
    if name:
        everything = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
        container = next((item for item in everything if item["name"] == name), container)
    kind, _, what = reference["resource"].partition(".")
    if kind not in ("limits", "requests") or not what:
        raise UnknownFieldError(f"the downward API has no resource {reference['resource']!r}")
    declared = container.get("resources") or {}
    value = (declared.get(kind) or {}).get(what)
    if value is None and kind == "limits":
        value = _MACHINE.get(what)
    return quantity.divided(str(value or "0"), str(reference.get("divisor") or "0"))
