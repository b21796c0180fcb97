# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One workload behind the gateway: its share of a Service, from Istio's standard metrics, and its endpoints."""

from __future__ import annotations

from observing.dashboards.drawing import Dashboard, Panel

_OF = 'reporter="source",destination_workload_namespace=~"$namespace",destination_workload=~"$workload"'
_BY = "destination_workload_namespace, destination_workload"
_LEGEND = "{{destination_workload_namespace}}/{{destination_workload}}"
_CLUSTER = '{cluster_name=~"outbound[|].+[.]($namespace)[.]svc[.].+"}'


def _rate(series: str, more: str = "", by: str = _BY) -> str:
    return f"sum by ({by}) (rate({series}{{{_OF}{more}}}[$__rate_interval]))"


_ERRORS = _rate("istio_requests_total", ',response_code=~"5.."')


def _percentile(quantile: int) -> str:
    buckets = _rate("istio_request_duration_milliseconds_bucket", by=f"{_BY}, le")
    return f"histogram_quantile(0.{quantile}, {buckets}) >= 0"


_FAILED = f"sum by (cluster_name) (rate(envoy_cluster_upstream_cx_connect_fail{_CLUSTER}[$__rate_interval]))"

WORKLOAD = Dashboard(
    "workload",
    "Istio migration / Workload",
    "Requests by the workload that answered them, for gateways with Istio's statistics filter, and its endpoints.",
    {
        "Requests": (
            Panel("Requests", "reqps", {_rate("istio_requests_total"): _LEGEND}),
            Panel(
                "By answer",
                "reqps",
                {_rate("istio_requests_total", by=f"{_BY}, response_code"): f"{{{{response_code}}}} {_LEGEND}"},
            ),
            Panel(
                "Share of errors",
                "percentunit",
                {f"{_ERRORS} / {_rate('istio_requests_total')}": _LEGEND},
                "Answers of the class 5xx.",
            ),
            Panel("Durations", "ms", {_percentile(item): f"P{item} {_LEGEND}" for item in (50, 90, 95, 99)}),
            Panel("Bytes of requests", "Bps", {_rate("istio_request_bytes_sum"): _LEGEND}),
            Panel("Bytes of answers", "Bps", {_rate("istio_response_bytes_sum"): _LEGEND}),
        ),
        "Endpoints": (
            Panel(
                "Healthy endpoints",
                "short",
                {f"max by (cluster_name) (envoy_cluster_membership_healthy{_CLUSTER})": "{{cluster_name}}"},
            ),
            Panel(
                "Connections",
                "short",
                {f"sum by (cluster_name) (envoy_cluster_upstream_cx_active{_CLUSTER})": "{{cluster_name}}"},
            ),
            Panel(
                "Connections that failed",
                "cps",
                {_FAILED: "{{cluster_name}}"},
            ),
        ),
    },
    {
        "namespace": 'label_values(istio_requests_total{reporter="source"}, destination_workload_namespace)',
        "workload": (
            'label_values(istio_requests_total{reporter="source",destination_workload_namespace=~"$namespace"}, '
            "destination_workload)"
        ),
    },
)
