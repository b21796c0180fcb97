# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error pages and default backends of single Ingresses (semantics.md A.4 123 to 125, B.17). PRIVATE."""

from __future__ import annotations

from typing import Any

from .._findings.codes import finding
from .._findings.finding import Finding, Source
from .._istio.formatter import plain, request_header
from .._istio.lua.error_pages import PROGRAM
from .._nginx.phases.errors import error_headers, pages_backend, told
from .context import Context
from .draft import Draft
from .features import Feature

_LUA = "envoy.extensions.filters.http.lua.v3"
ERROR_PAGES = Feature(
    "i2i.error-pages",
    f"{_LUA}.Lua",
    f"{_LUA}.LuaPerRoute",
    # Before all others, for it replaces what any of them answers.
    rank=5,
    settings={"default_source_code": {"inline_string": PROGRAM}},
)
_TIMEOUT = 60_000
"""Milliseconds that nginx waits for a page: its default read timeout."""

_FIRST_ERROR = 400


def error_pages(draft: Draft, context: Context) -> list[Finding]:
    """Replace answers whose status the Ingress, or the ConfigMap, lists."""
    errors, ingress = draft.location.policy.errors, draft.location.ingress
    if not errors.codes:
        return []
    backend = pages_backend(context.site, draft.location)
    namespace, name, service, port = told(draft.location)
    data: dict[str, Any] = {
        "codes": {str(code): True for code in errors.codes},
        "intercepts": errors.intercepts,
        "namespace": namespace,
        "ingress": name,
        "service": service,
        "port": port,
        "timeout": _TIMEOUT,
    }
    if backend and backend.port:
        host = context.service_host(backend.namespace, backend.service)
        data["cluster"] = f"outbound|{backend.port.number}||{host}"
    draft.filters[ERROR_PAGES] = ERROR_PAGES.on_route({"filter_context": data})
    if ingress is None:
        return []
    source = Source(ingress.key, annotation="custom-http-errors")
    place = f"Service {backend.namespace}/{backend.service}" if backend else "nginx's page for 404"
    found = [finding("ERROR-PAGES-PROGRAM", source, host=draft.server.host, backend=place)]
    if min(errors.codes) < _FIRST_ERROR:
        found.append(finding("ERROR-PAGES-OF-REDIRECTS", source, host=draft.server.host))
    return found


def default_backend(draft: Draft, _context: Context) -> list[Finding]:
    """Tell the backend that stands in for one without endpoints what nginx tells it."""
    location, ingress = draft.location, draft.location.ingress
    name = location.policy.errors.backend
    if ingress is None or not name or draft.answered:
        return []
    source = Source(ingress.key, annotation="default-backend")
    if location.fallback is None:
        return [
            finding("DEFAULT-BACKEND-UNUSED", source, host=draft.server.host, service=f"{ingress.namespace}/{name}")
        ]
    if location.replaced is None:
        return [finding("DEFAULT-BACKEND-STATIC", source, host=draft.server.host, backend=name)]
    for header, value in error_headers(location, "").items():
        draft.set_request_header(header, request_header("accept") if header == "x-format" else plain(value))
    replaced = f"{location.replaced.namespace}/{location.replaced.service}"
    return [finding("DEFAULT-BACKEND-CHOSEN", source, host=draft.server.host, backend=name, replaced=replaced)]
