# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both planes side by side, and how far the migration is."""

from __future__ import annotations

from observing.dashboards.drawing import Dashboard, Panel

_OF = 'namespace=~"$namespace",service=~"$service"'
_PROTOCOL = "{{protocol}} on {{plane}}"
_HOST = 'host=~"$host"'

MIGRATION = Dashboard(
    "migration",
    "Istio migration / Both planes",
    "ingress-nginx and the gateway side by side, and the state of the migration.",
    {
        "Migration": (
            Panel("Units by state", "short", {"sum by (state) (istio_migration_units)": "{{state}}"}, now=True),
            Panel(
                "Units by wave and state",
                "short",
                {"sum by (wave, state) (istio_migration_units)": "wave {{wave}}: {{state}}"},
            ),
            Panel(
                "Objects edited by hand",
                "short",
                {"sum by (cluster) (istio_migration_drifted_objects)": "{{cluster}}"},
                now=True,
            ),
        ),
        "All traffic": (
            Panel("Requests", "reqps", {"plane:requests:rate5m": "{{plane}}"}),
            Panel("Connections of clients", "short", {"plane:connections:sum": "{{plane}}"}),
            Panel("Connections opened", "cps", {"plane:connections_opened:rate5m": "{{plane}}"}),
        ),
        "Services": (
            Panel("Requests", "reqps", {f"sum by (plane) (plane_service:requests:rate5m{{{_OF}}})": "{{plane}}"}),
            Panel(
                "Share of errors",
                "percentunit",
                {
                    f"sum by (plane) (plane_service:errors:rate5m{{{_OF}}}) "
                    f"/ (sum by (plane) (plane_service:requests:rate5m{{{_OF}}}) > 0)": "{{plane}}"
                },
                "Answers of the class 5xx.",
            ),
            Panel(
                "Slowest Service, P95",
                "ms",
                {f"max by (plane) (plane_service:duration_milliseconds:p95_rate5m{{{_OF}}})": "{{plane}}"},
            ),
        ),
        "Hosts": (
            Panel(
                "Requests",
                "reqps",
                {f"plane_host:requests:rate5m{{{_HOST}}}": "{{host}} on {{plane}}"},
                "A gateway without Istio's statistics filter knows no hosts.",
            ),
            Panel(
                "Share of errors",
                "percentunit",
                {f"plane_host:error_ratio:rate5m{{{_HOST}}}": "{{host}} on {{plane}}"},
            ),
            Panel("P95", "ms", {f"plane_host:duration_milliseconds:p95_rate5m{{{_HOST}}}": "{{host}} on {{plane}}"}),
            Panel(
                "Protocols",
                "reqps",
                {f"sum by (plane, protocol) (plane_host_protocol:requests:rate5m{{{_HOST}}})": _PROTOCOL},
            ),
            Panel(
                "Bytes of requests",
                "Bps",
                {f"sum by (plane) (plane_host:request_bytes:rate5m{{{_HOST}}})": "{{plane}}"},
            ),
            Panel(
                "Bytes of answers",
                "Bps",
                {f"sum by (plane) (plane_host:response_bytes:rate5m{{{_HOST}}})": "{{plane}}"},
            ),
        ),
    },
    {
        "namespace": "label_values(plane_service:requests:rate5m, namespace)",
        "service": 'label_values(plane_service:requests:rate5m{namespace=~"$namespace"}, service)',
        "host": "label_values(plane_host:requests:rate5m, host)",
    },
)
