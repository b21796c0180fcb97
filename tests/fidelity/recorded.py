# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the model says what the real controller did. What a header of a backend says is not the model's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Answer, Request
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.answer import answer
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.site import Site

_CLIENT = "127.0.0.1"


def request_of(probe: Mapping[str, Any]) -> Request:
    """Return the request of a recorded probe."""
    method = probe.get("method") or "GET"
    headers = {str(name).lower(): str(value) for name, value in (probe.get("headers") or {}).items()}
    return Request(probe["host"], probe["url"], "https" if probe["tls"] else "http", method, headers, _CLIENT)


def differences(site: Site, probe: Mapping[str, Any]) -> list[str]:
    """Return how the model's answer differs from the recorded one: field, what it says, what was recorded."""
    found = answer(site, request_of(probe))
    said, recorded = _said(found), _recorded(probe)
    fields = [name for name in recorded if said.get(name, "") != recorded[name]]
    return [f"{name}: model {said.get(name, '')!r}, recorded {recorded[name]!r}" for name in fields]


def _said(found: Answer) -> dict[str, str]:
    fields = {f"header {name}": value for name, value in found.headers.items()}
    fields["header location"] = found.location
    if found.backend:
        namespace_and_service = found.backend.rpartition(":")[0]
        host = found.upstream_host
        fields |= {"svc": namespace_and_service, "up_path": found.upstream_target, "up_host": host, "status": "200"}
    else:
        fields["status"] = str(found.status)
    return fields


def _recorded(probe: Mapping[str, Any]) -> dict[str, str]:
    fields = {"status": str(probe["status"])}
    fields |= {name: str(probe[name]) for name in ("svc", "up_path", "up_host") if name in probe}
    fields |= {f"header {name.lower()}": str(value) for name, value in (probe.get("resp") or {}).items()}
    return fields
