# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is recorded of both planes, by the same names: with traffic, without, and over restarts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from observing.promtool import FILES, Question
from observing.role import groups_of
from observing.scenario import planes, requests
from observing.series import (
    HOST,
    NAMESPACE,
    SERVICE,
    cluster,
    nginx_with_target_labels,
    per_minute,
    standing,
    with_reset,
)

Ask = Callable[..., None]
Samples = dict[str, dict[str, float]]

LEVELS = {
    "host": f'host="{HOST}"',
    "namespace": f'namespace="{NAMESPACE}"',
    "service": f'namespace="{NAMESPACE}", service="{SERVICE}"',
}
# By hand from observing/scenario.py. Half of the requests take up to 100 ms, the others up to 200 ms, on both planes.
BOTH: Mapping[str, tuple[float, float]] = {
    "requests:rate5m": (1.0, 2.0),
    "errors:rate5m": (0.1, 0.2),
    "error_ratio:rate5m": (0.1, 0.1),
    "success_ratio:rate5m": (0.9, 0.9),
    "unavailable_ratio:rate5m": (0.1, 0.0),
    "request_bytes:rate5m": (100.0, 200.0),
    "response_bytes:rate5m": (1000.0, 2000.0),
    "duration_milliseconds:p50_rate5m": (100.0, 100.0),
    "duration_milliseconds:p90_rate5m": (180.0, 180.0),
    "duration_milliseconds:p95_rate5m": (190.0, 190.0),
    "duration_milliseconds:p99_rate5m": (198.0, 198.0),
}
"""Records of each level to their values on nginx and on the gateway."""
WITHOUT_TRAFFIC = ("requests:rate5m", "errors:rate5m", "request_bytes:rate5m", "response_bytes:rate5m")
"""Those that are 0 where series are there and nothing comes in; the others are absent."""
UPSTREAM = {
    "requests_pending:sum": 3.0,
    "requests_overflowed:rate5m": 0.1,
    "retries:rate5m": 0.5,
    "connection_duration_milliseconds:p50_rate5m": 1000.0,
    "connection_duration_milliseconds:p95_rate5m": 1900.0,
}
PROTOCOLS = {
    ("nginx", "http"): 1.0,
    ("istio", "http"): 1.8,
    ("istio", "grpc"): 0.1,
    ("istio", "websocket"): 0.1,
}


def of_both(level: str) -> Samples:
    """Everything that a level has of requests."""
    labels = LEVELS[level]
    found: Samples = {}
    for what, (on_nginx, on_istio) in BOTH.items():
        found[f"plane_{level}:{what}"] = {
            f'{{plane="nginx", {labels}}}': on_nginx,
            f'{{plane="istio", {labels}}}': on_istio,
        }
    found[f"plane_{level}_protocol:requests:rate5m"] = {
        f'{{plane="{plane}", {labels}, protocol="{protocol}"}}': value for (plane, protocol), value in PROTOCOLS.items()
    }
    return found


def of_planes() -> Samples:
    """Everything that is recorded of the planes themselves."""
    both: Mapping[str, tuple[float, float]] = {
        "plane:connections:sum": (5.0, 7.0),
        "plane:connections_opened:rate5m": (1.0, 2.0),
        "plane:memory_bytes:sum": (1000.0, 2000.0),
    }
    found: Samples = {
        name: {'{plane="nginx"}': on_nginx, '{plane="istio"}': on_istio} for name, (on_nginx, on_istio) in both.items()
    }
    for level in ("namespace", "service"):
        for what, value in UPSTREAM.items():
            found[f"plane_{level}:{what}"] = {f'{{plane="istio", {LEVELS[level]}}}': value}
    for quantile, value in {50: 1000.0, 90: 1800.0, 95: 1900.0, 99: 1980.0}.items():
        found[f"plane:connection_duration_milliseconds:p{quantile}_rate5m"] = {'{plane="istio"}': value}
    rates = {"http1": 1.0, "http2": 0.5, "http3": 0.1, "websocket": 0.1}
    found["plane_protocol:requests:rate5m"] = {
        f'{{plane="istio", protocol="{protocol}"}}': value for protocol, value in rates.items()
    }
    return found


TOTALS: Samples = {
    "plane:requests:rate5m": {'{plane="nginx"}': 1.0, '{plane="istio"}': 2.0},
    "service:requests:rate5m": {f"{{{LEVELS['service']}}}": 3.0},
}
BASE = {
    "plane_host_service_code:requests:rate5m",
    "plane_host_service_le:duration:rate5m",
    "plane_host_service:request_bytes:rate5m",
    "plane_host_service:response_bytes:rate5m",
}
"""What everything else is computed from: shown by what it comes to."""


def restart(growth: float) -> str:
    return with_reset(growth, at=12)


def test_every_record_is_tested(rules: Path) -> None:
    groups = [group for name in FILES for group in groups_of(rules / f"{name}.yml")]
    recorded = {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
    tested = {*TOTALS, *of_planes(), *BASE, *(name for level in LEVELS for name in of_both(level))}
    assert recorded == tested


@pytest.mark.parametrize("level", LEVELS)
def test_both_planes_side_by_side(level: str, ask: Ask) -> None:
    expected = of_both(level)
    ask(
        steady=Question(requests(per_minute), samples=expected), restarted=Question(requests(restart), samples=expected)
    )


def test_labels_of_the_target_may_win_when_nginx_is_scraped(ask: Ask) -> None:
    series = requests(per_minute, nginx_with_target_labels)
    ask(exported=Question(series, samples=of_both("service")))


def test_the_planes_themselves(ask: Ask) -> None:
    expected = {**of_planes(), **TOTALS}
    ask(
        steady=Question({**requests(per_minute), **planes(per_minute, standing)}, samples=expected),
        restarted=Question({**requests(restart), **planes(restart, standing)}, samples=expected),
    )


def test_without_traffic_rates_are_zero_and_ratios_absent(ask: Ask) -> None:
    expected: Samples = {}
    for level in LEVELS:
        counted = {f"plane_{level}:{what}" for what in WITHOUT_TRAFFIC} | {f"plane_{level}_protocol:requests:rate5m"}
        for name, samples in of_both(level).items():
            expected[name] = dict.fromkeys(samples, 0.0) if name in counted else {}
    for name, samples in of_planes().items():
        rate = name.endswith(":rate5m")
        expected[name] = dict.fromkeys(samples, 0.0) if rate else {} if name.endswith("_rate5m") else samples
    ask(idle=Question({**requests(standing), **planes(standing, standing)}, samples=expected))


def test_nothing_is_made_of_nothing(ask: Ask) -> None:
    names = [*TOTALS, *of_planes(), *BASE, *(name for level in LEVELS for name in of_both(level))]
    ask(empty=Question({}, samples={name: {} for name in names}))


def test_a_gateway_without_the_statistics_filter_is_counted_by_cluster(ask_for_envoy: Ask) -> None:
    series = {
        cluster("upstream_rq", response_code="200"): per_minute(108),
        cluster("upstream_rq", response_code="500"): per_minute(12),
        cluster("upstream_rq", response_code_class="2xx"): per_minute(108),
        cluster("upstream_rq", response_code_class="5xx"): per_minute(12),
        cluster("upstream_rq_time_bucket", le="100"): per_minute(60),
        cluster("upstream_rq_time_bucket", le="200"): per_minute(120),
        cluster("upstream_rq_time_bucket", le="+Inf"): per_minute(120),
        cluster("upstream_cx_tx_bytes_total"): per_minute(12000),
        cluster("upstream_cx_rx_bytes_total"): per_minute(120000),
        # A cluster of a ServiceEntry has no namespace.
        cluster("upstream_rq", cluster_name="outbound|443||api.example.test", response_code="200"): per_minute(60),
    }
    expected: Samples = {"plane_host:requests:rate5m": {}}
    for level in ("namespace", "service"):
        labels = f'{{plane="istio", {LEVELS[level]}}}'
        expected |= {f"plane_{level}:{what}": {labels: value} for what, (_, value) in BOTH.items()}
    ask_for_envoy(by_cluster=Question(series, samples=expected))
