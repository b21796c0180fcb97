# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway does for every host because nginx does (semantics.md B.7, B.12, B.15, B.19). PRIVATE.

One EnvoyFilter for the gateway's own Pods says once what would else stand on every route: the connection manager's
limits, the forwarding headers nginx sends to backends, and HSTS.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .._istio.formatter import request_header
from .._istio.resources import (
    HTTP_PORT,
    HTTPS_PORT,
    always_on_filter_patch,
    connection_manager_patch,
    envoy_filter,
    http_filter_patch,
    route_configuration_patch,
)
from .._kube.objects import KubeObject
from .._nginx.settings import Settings
from .body_size import default_limit
from .compression import compressor_patches
from .features import Feature
from .options import Options
from .rate_filter import NAME as NAME_OF_RATES
from .rate_filter import Rate, filter_settings

NAME = "i2i-parity"
_RATES_RANK = 30
_REPLACE = "OVERWRITE_IF_EXISTS_OR_ADD"
_CLIENT = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"


def parity_filter(
    settings: Settings, features: Iterable[Feature], rates: Sequence[Rate], options: Options
) -> KubeObject:
    """Return the gateway-wide EnvoyFilter.

    ``features`` are the route features that some route of the plan uses, ``rates`` those that are counted.
    """
    filters = {(item.rank, item.name): http_filter_patch(item.name, item.type_url, item.settings) for item in features}
    if rates:
        counting = filter_settings(rates, settings.limit_status)
        filters[(_RATES_RANK, NAME_OF_RATES)] = always_on_filter_patch(NAME_OF_RATES, counting)
    patches = [
        connection_manager_patch(_connection_manager(settings)),
        connection_manager_patch(_own_answers(""), HTTP_PORT),
        connection_manager_patch(_own_answers(settings.hsts.value), HTTPS_PORT),
        *compressor_patches(settings.compressions),
        *(filters[place] for place in sorted(filters)),
        route_configuration_patch(HTTP_PORT, _route_configuration("http", HTTP_PORT, "", settings)),
        route_configuration_patch(HTTPS_PORT, _route_configuration("https", HTTPS_PORT, settings.hsts.value, settings)),
    ]
    # A negative priority puts the filters there before the per-route patches refer to them.
    return envoy_filter(options.gateway_namespace, NAME, options.gateway_selector, patches, priority=-10)


def _connection_manager(settings: Settings) -> dict[str, Any]:
    idle = max(settings.timeouts.read, settings.timeouts.send)
    return {
        "stream_idle_timeout": f"{idle}s",
        # Unless it is told otherwise nginx drops request headers with underscores; it keeps a client's request id.
        "common_http_protocol_options": {
            "headers_with_underscores_action": "ALLOW" if settings.underscores else "DROP_HEADER"
        },
        "preserve_external_request_id": True,
        "strip_trailing_host_dot": True,
        # What the client claims is told apart below, as nginx does.
        "skip_xff_append": True,
        # nginx sends no Server header; passed through, the backend's is removed below.
        "server_header_transformation": "PASS_THROUGH",
    }


def _own_answers(hsts: str) -> dict[str, Any]:
    """Return what becomes of answers that the gateway gives itself; the first mapper that fits counts."""
    headers = {"headers_to_add": [_header("strict-transport-security", hsts)]} if hsts else {}
    # nginx says 502 where a backend refuses or resets, Envoy 503.
    refused: dict[str, Any] = {"filter": {"response_flag_filter": {"flags": ["UF", "UC"]}}, "status_code": 502}
    any_status = {"op": "GE", "value": {"default_value": 100, "runtime_key": "i2i.any_status"}}
    others: list[dict[str, Any]] = [{"filter": {"status_code_filter": {"comparison": any_status}}}] if hsts else []
    return {"local_reply_config": {"mappers": [{**mapper, **headers} for mapper in (refused, *others)]}}


def _route_configuration(scheme: str, port: int, hsts: str, settings: Settings) -> dict[str, Any]:
    forwarding = {
        "x-real-ip": _CLIENT,
        "x-forwarded-for": _CLIENT,
        "x-original-forwarded-for": request_header(settings.forwarded_for_header),
        "x-forwarded-host": "%REQ(:AUTHORITY)%",
        "x-forwarded-port": str(port),
        "x-forwarded-scheme": scheme,
        "x-scheme": scheme,
        **({"x-original-uri": "%REQ(:PATH)%"} if settings.original_uri else {}),
    }
    value: dict[str, Any] = {
        "request_headers_to_add": [_header(name, text) for name, text in forwarding.items()],
        "request_headers_to_remove": ["proxy"],
        "response_headers_to_remove": [] if settings.backend_server_header else ["server"],
        "typed_per_filter_config": default_limit(settings),
    }
    if hsts:
        value["response_headers_to_add"] = [_header("strict-transport-security", hsts)]
    return value


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}, "append_action": _REPLACE}
