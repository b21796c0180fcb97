# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the gateway and its control plane do."""

from __future__ import annotations

from observing.dashboards.drawing import Dashboard, Panel

_POD = "{{pod}}"


def _rate(series: str, labels: str = "") -> str:
    return f"rate({series}{{{labels}}}[$__rate_interval])"


def _converged(quantile: int) -> str:
    buckets = _rate("pilot_proxy_convergence_time_bucket")
    return f"histogram_quantile(0.{quantile}, sum by (le) ({buckets})) >= 0"


GATEWAY = Dashboard(
    "gateway",
    "Istio migration / Gateway",
    "Clients of the gateway, what it needs, and what istiod sends it.",
    {
        "Clients": (
            Panel("Requests by protocol", "reqps", {"plane_protocol:requests:rate5m": "{{protocol}}"}),
            Panel("Connections", "short", {"plane:connections:sum": "{{plane}}"}),
            Panel(
                "Duration of connections",
                "ms",
                {f"plane:connection_duration_milliseconds:p{item}_rate5m": f"P{item}" for item in (50, 90, 95, 99)},
            ),
        ),
        "Processes": (
            Panel("Memory", "bytes", {"plane:memory_bytes:sum": "{{plane}}"}),
            Panel("Memory of each Pod", "bytes", {"envoy_server_memory_physical_size": _POD}),
            Panel("Uptime", "s", {"envoy_server_uptime": _POD}),
        ),
        "Configuration": (
            Panel(
                "Rejected by the gateway",
                "short",
                {
                    "sum by (pod) (envoy_listener_manager_lds_update_rejected)": f"listeners {_POD}",
                    "sum by (pod) (envoy_cluster_manager_cds_update_rejected)": f"clusters {_POD}",
                },
                "One more means that the gateway keeps what it had.",
            ),
            Panel(
                "Connected gateways and sidecars",
                "short",
                {"sum(pilot_xds)": "proxies", "sum(pilot_services)": "Services"},
            ),
            Panel("Pushes", "ops", {f"sum by (type) ({_rate('pilot_xds_pushes')})": "{{type}}"}),
            Panel(
                "Time until a change is everywhere",
                "s",
                {_converged(item): f"P{item}" for item in (50, 95, 99)},
            ),
        ),
    },
)
