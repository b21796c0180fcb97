# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the model says what the real controller did. What a header of a backend says is not the model's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Answer, Request
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.answer import answer, locate
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.phases.locating import server_for
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.site import Site

_CLIENT = "127.0.0.1"
_BACKEND_FAILED = (502, 504)
_NO_ANSWER = 0
_AUTH_FAILED = 500
_NO_CERTIFICATE = 400
_FOUND = 302


def request_of(probe: Mapping[str, Any]) -> Request:
    """Return the request of a recorded probe."""
    method = probe.get("method") or "GET"
    # Preflights came from an origin that is allowed; it stands in the answer alone.
    origin = (probe.get("resp") or {}).get("access-control-allow-origin", "*")
    headers = {"origin": origin} if method == "OPTIONS" and origin != "*" else {}
    return Request(probe["host"], probe["url"], "https" if probe["tls"] else "http", method, headers, _CLIENT)


def differences(site: Site, probe: Mapping[str, Any]) -> list[str]:
    """Return how the model's answer differs from the recorded one: field, what it says, what was recorded."""
    found = answer(site, request_of(probe))
    if _explains(site, found, probe):
        return []
    said, recorded = _said(found), _recorded(probe)
    fields = [name for name in recorded if not _agree(name, said.get(name, ""), recorded[name])]
    return [f"{name}: model {said.get(name, '')!r}, recorded {recorded[name]!r}" for name in fields]


def _agree(name: str, said: str, recorded: str) -> bool:
    # Of several header lines the recording has the last. A request id is another one each time.
    return said == recorded or said.endswith(f", {recorded}") or name == "header x-request-id"


def _explains(site: Site, found: Answer, probe: Mapping[str, Any]) -> bool:
    """Tell whether the recorded status is that of a backend, or of an authentication service, that was not there.

    All backends spoke HTTP only, no authentication service existed, no probe had a client certificate, and nothing
    listened at the addresses of Services, which nginx waits for longer than the recording did.
    """
    status = probe["status"]
    if found.backend and "svc" not in probe and status in _BACKEND_FAILED:
        return True
    location = locate(site, request_of(probe))[1]
    if location is not None and location.policy.connection.by_service and status == _NO_ANSWER:
        return True
    kinds = {guard.kind for guard in found.guards}
    if "certificate" in kinds and status in (_NO_CERTIFICATE, _FOUND):
        page = server_for(site, probe["host"]).client_certificates.error_page
        return (probe.get("resp") or {}).get("location", "") == page
    return status == _AUTH_FAILED and "external" in kinds


def _said(found: Answer) -> dict[str, str]:
    # An added line stands beside what the backend sends, which is nothing here.
    fields = {f"header {name}": value.removeprefix("+ ") for name, value in found.headers.items()}
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
