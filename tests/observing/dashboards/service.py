# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Service on both planes."""

from __future__ import annotations

from observing.dashboards.drawing import Dashboard, Panel

_OF = 'namespace=~"$namespace",service=~"$service"'
_LEGEND = "{{namespace}}/{{service}} on {{plane}}"


def _plain(title: str, unit: str, record: str, description: str = "") -> Panel:
    return Panel(title, unit, {f"{record}{{{_OF}}}": _LEGEND}, description)


def _percentiles(title: str, record: str, quantiles: tuple[int, ...], description: str = "") -> Panel:
    queries = {f"{record}:p{quantile}_rate5m{{{_OF}}}": f"P{quantile} {_LEGEND}" for quantile in quantiles}
    return Panel(title, "ms", queries, description)


SERVICE = Dashboard(
    "service",
    "Istio migration / Service",
    "What clients of a Service get, and what the gateway has with its Pods.",
    {
        "Clients": (
            _plain("Requests", "reqps", "plane_service:requests:rate5m"),
            _plain("Share of successes", "percentunit", "plane_service:success_ratio:rate5m", "All but the class 5xx."),
            _plain(
                "Share of 502, 503 and 504", "percentunit", "plane_service:unavailable_ratio:rate5m", "Nobody answered."
            ),
            _percentiles("Durations", "plane_service:duration_milliseconds", (50, 90, 95, 99)),
            Panel(
                "Protocols",
                "reqps",
                {f"plane_service_protocol:requests:rate5m{{{_OF}}}": f"{{{{protocol}}}} {_LEGEND}"},
                "nginx does not tell gRPC from HTTP.",
            ),
            _plain("Bytes of requests", "Bps", "plane_service:request_bytes:rate5m"),
            _plain("Bytes of answers", "Bps", "plane_service:response_bytes:rate5m"),
        ),
        "Gateway and Pods": (
            _plain("Retries", "reqps", "plane_service:retries:rate5m", "The gateway only: nginx does not count them."),
            _plain("Requests that wait for a connection", "short", "plane_service:requests_pending:sum"),
            _plain("Requests beyond the limit", "reqps", "plane_service:requests_overflowed:rate5m"),
            _percentiles("Connections to Pods, duration", "plane_service:connection_duration_milliseconds", (50, 95)),
        ),
    },
    {
        "namespace": "label_values(plane_service:requests:rate5m, namespace)",
        "service": 'label_values(plane_service:requests:rate5m{namespace=~"$namespace"}, service)',
    },
)
