# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster in the middle of a migration: traffic on both planes, by the minute.

``growth`` and ``standing`` say how a counter that grows by so much a minute, and a value that stays, are written down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from observing.series import clients, cluster, istio, nginx, nginx_process

T = TypeVar("T")


def requests(growth: Callable[[float], T], source: Callable[..., str] = nginx) -> dict[str, T]:
    """60 requests a minute on nginx, 120 on the gateway."""
    return {
        source("requests", status="200"): growth(54),
        source("requests", status="503"): growth(6),
        source("request_duration_seconds_bucket", status="200", le="0.1"): growth(30),
        source("request_duration_seconds_bucket", status="200", le="0.2"): growth(60),
        source("request_duration_seconds_bucket", status="200", le="+Inf"): growth(60),
        source("request_size_sum", status="200"): growth(6000),
        source("response_size_sum", status="200"): growth(60000),
        istio("requests_total", response_code="200"): growth(96),
        istio("requests_total", response_code="500"): growth(12),
        istio("requests_total", response_code="101"): growth(6),
        istio("requests_total", response_code="200", request_protocol="grpc"): growth(6),
        istio("request_duration_milliseconds_bucket", response_code="200", le="100"): growth(60),
        istio("request_duration_milliseconds_bucket", response_code="200", le="200"): growth(120),
        istio("request_duration_milliseconds_bucket", response_code="200", le="+Inf"): growth(120),
        istio("request_bytes_sum", response_code="200"): growth(12000),
        istio("response_bytes_sum", response_code="200"): growth(120000),
    }


def planes(growth: Callable[[float], T], standing: Callable[[float], T]) -> dict[str, T]:
    """What the processes of both planes count about themselves, their clients and upstreams."""
    lengths = {"1000": 30, "2000": 60, "+Inf": 60}
    return {
        cluster("upstream_rq_pending_active"): standing(3),
        cluster("upstream_rq_pending_overflow"): growth(6),
        cluster("upstream_rq_retry"): growth(30),
        **{cluster("upstream_cx_length_ms_bucket", le=le): growth(value) for le, value in lengths.items()},
        clients("cx_active"): standing(7),
        clients("cx_total"): growth(120),
        **{clients("cx_length_ms_bucket", le=le): growth(value) for le, value in lengths.items()},
        clients("rq_http1_total"): growth(60),
        clients("rq_http2_total"): growth(30),
        clients("rq_http3_total"): growth(6),
        clients("cx_upgrades_total"): growth(6),
        nginx_process("nginx_process_connections", state="active"): standing(5),
        nginx_process("nginx_process_connections", state="waiting"): standing(4),
        nginx_process("nginx_process_connections_total", state="accepted"): growth(60),
        nginx_process("nginx_process_connections_total", state="handled"): growth(60),
        nginx_process("nginx_process_resident_memory_bytes"): standing(1000),
        'envoy_server_memory_physical_size{namespace="ingress-nginx", pod="istio-ingress-a"}': standing(2000),
        'envoy_server_memory_physical_size{namespace="shop", pod="web-a"}': standing(9000),
    }


def dashboards(growth: Callable[[float], T], standing: Callable[[float], T]) -> dict[str, T]:
    """What dashboards show beside the records: workloads, the control plane, the state of the migration."""
    workload = {"destination_workload": "web", "destination_workload_namespace": "shop", "response_code": "200"}
    pod = '{namespace="ingress-nginx", pod="istio-ingress-a"}'
    return {
        istio("requests_total", **workload): growth(60),
        istio("requests_total", **{**workload, "response_code": "500"}): growth(6),
        istio("request_duration_milliseconds_bucket", le="100", **workload): growth(60),
        istio("request_duration_milliseconds_bucket", le="+Inf", **workload): growth(66),
        istio("request_bytes_sum", **workload): growth(600),
        istio("response_bytes_sum", **workload): growth(6000),
        cluster("membership_healthy"): standing(2),
        cluster("upstream_cx_active"): standing(4),
        cluster("upstream_cx_connect_fail"): growth(1),
        f"envoy_server_uptime{pod}": growth(60),
        f"envoy_listener_manager_lds_update_rejected{pod}": standing(0),
        f"envoy_cluster_manager_cds_update_rejected{pod}": standing(0),
        'pilot_xds{version="1.31.0"}': standing(2),
        "pilot_services": standing(6),
        'pilot_xds_pushes{type="lds"}': growth(2),
        'pilot_proxy_convergence_time_bucket{le="0.1"}': growth(2),
        'pilot_proxy_convergence_time_bucket{le="+Inf"}': growth(3),
        'istio_migration_units{cluster="a", wave="1", state="verified"}': standing(4),
        'istio_migration_units{cluster="a", wave="2", state="applying"}': standing(1),
        'istio_migration_drifted_objects{cluster="a"}': standing(0),
    }
