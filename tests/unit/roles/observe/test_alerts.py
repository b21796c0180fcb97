# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each alert fires, does not fire, keeps quiet without traffic, and is not fooled by restarts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pytest

from observing import promtool
from observing.promtool import Firing, Question
from observing.role import groups_of
from observing.series import NAMESPACE, SERVICE, gateway, istio, nginx, per_minute, standing, with_reset

Ask = Callable[..., None]
TRAFFIC = ("istio-migration-planes", "istio-migration-service", "istio-migration-total", "istio-migration-traffic")
STATE = ("istio-migration-certificates", "istio-migration-planes-alive", "istio-migration-state")
Series = dict[str, str]
WHERE = {"namespace": NAMESPACE, "service": SERVICE}
DAY = 86400
LATER = "30m"

PLANES: Mapping[str, Callable[[str], str]] = {
    "nginx": lambda code: nginx("requests", status=code),
    "istio": lambda code: istio("requests_total", response_code=code),
}
"""The counter of requests of each plane, by status."""


@pytest.fixture
def ask(rules: Path, tmp_path: Path) -> Ask:
    """Asks questions of the alerts about traffic."""
    return _asking(rules, tmp_path, TRAFFIC)


@pytest.fixture
def ask_for_state(rules: Path, tmp_path: Path) -> Ask:
    """Asks questions of the other alerts."""
    return _asking(rules, tmp_path, STATE)


def _asking(rules: Path, folder: Path, groups: Collection[str], every: str = "1m") -> Ask:
    if not promtool.is_there():
        pytest.skip(promtool.MISSING)
    return lambda **questions: promtool.ask(questions, rules, folder, groups, every)


def question(alert: str, series: Series, *firing: Firing, at: str = "15m") -> Question:
    return Question(series, alerts={(alert, at): firing})


def restart(growth: float) -> str:
    return with_reset(growth, at=12)


@pytest.mark.parametrize("plane", PLANES)
def test_error_rate(plane: str, ask: Ask) -> None:
    count = PLANES[plane]

    def answers(good: str, bad: str) -> Series:
        return {count("200"): good, count("500"): bad}

    fires = Firing(
        {"severity": "critical", "plane": plane, **WHERE},
        f"shop/web: 6% of the answers on {plane} are errors",
        "More than 0.05 of the answers are of the class 5xx.",
    )
    alert = "IngressErrorRate"
    ask(
        fires=question(alert, answers(per_minute(94), per_minute(6)), fires),
        fires_over_a_restart=question(alert, answers(restart(94), restart(6)), fires),
        five_percent=question(alert, answers(per_minute(95), per_minute(5))),
        five_percent_over_a_restart=question(alert, answers(restart(95), restart(5))),
        not_for_long=question(alert, answers(per_minute(94), "0x11 0+6x30")),
        too_few=question(alert, answers(per_minute(0), per_minute(5))),
        idle=question(alert, answers(standing(94), standing(6))),
        empty=question(alert, {}),
    )


def test_latency(ask: Ask) -> None:
    def durations(source: Callable[..., str], half_second: str, second: str, every: str) -> Series:
        name, unit = ("request_duration_seconds", 1) if source is nginx else ("request_duration_milliseconds", 1000)
        code = {"status": "200"} if source is nginx else {"response_code": "200"}
        buckets = {f"{unit * 0.5:g}": half_second, f"{unit}": second, "+Inf": every}
        counter = source("requests" if source is nginx else "requests_total", **code)
        return {
            counter: every,
            **{source(f"{name}_bucket", le=le, **code): value for le, value in buckets.items()},
        }

    def slow(source: Callable[..., str], growth: Callable[[float], str]) -> Series:
        return durations(source, growth(90), growth(100), growth(100))

    alert, questions = "IngressLatency", {}
    for plane, source in {"nginx": nginx, "istio": istio}.items():
        fires = Firing(
            {"severity": "warning", "plane": plane, **WHERE},
            f"shop/web: one request of 20 on {plane} takes longer than 750 ms",
            "The 95th percentile is above 500 ms.",
        )
        fast = durations(source, per_minute(96), per_minute(100), per_minute(100))
        few = durations(source, per_minute(0), per_minute(5), per_minute(5))
        idle = durations(source, standing(90), standing(100), standing(100))
        questions[f"{plane}_fires"] = question(alert, slow(source, per_minute), fires)
        questions[f"{plane}_fires_over_a_restart"] = question(alert, slow(source, restart), fires)
        questions[f"{plane}_fast"] = question(alert, fast)
        questions[f"{plane}_too_few"] = question(alert, few)
        questions[f"{plane}_idle"] = question(alert, idle)
    ask(**questions, empty=question(alert, {}))


@pytest.mark.parametrize("plane", PLANES)
def test_service_unavailable(plane: str, ask: Ask) -> None:
    count, alert = PLANES[plane], "IngressServiceUnavailable"
    fires = Firing(
        {"severity": "critical", "plane": plane, **WHERE},
        f"shop/web does not answer on {plane}",
        "100% of the requests are answered with 502, 503 or 504.",
    )
    ask(
        fires=question(alert, {count("503"): per_minute(60)}, fires),
        # Fewer requests than for the error rate: somebody who asks gets no answer.
        fires_on_few_requests=question(alert, {count("502"): per_minute(2), count("504"): per_minute(1)}, fires),
        fires_over_a_restart=question(alert, {count("503"): restart(60)}, fires),
        one_of_two=question(alert, {count("503"): per_minute(30), count("200"): per_minute(30)}),
        one_of_two_over_a_restart=question(alert, {count("503"): restart(30), count("200"): restart(30)}),
        errors_of_the_application=question(alert, {count("500"): per_minute(60)}),
        idle=question(alert, {count("503"): standing(60)}),
        empty=question(alert, {}),
    )


def test_traffic_drop(rules: Path, tmp_path: Path) -> None:
    on_nginx, on_istio = PLANES["nginx"]("200"), PLANES["istio"]("200")
    alert, at = "IngressTrafficDrop", "150m"
    ask = _asking(rules, tmp_path, TRAFFIC, every="5m")

    def drops(rate: str) -> Firing:
        return Firing(
            {"severity": "warning", **WHERE},
            f"shop/web gets only {rate} requests per second",
            "That is less than 0.5 of what it got in the hour before, on both planes together.",
        )

    before = "0+60x120"
    ask(
        fires=question(alert, {on_nginx: f"{before} 7220+20x60"}, drops("333.3m"), at=at),
        fires_when_its_series_vanish=question(alert, {on_istio: f"{before} stale"}, drops("0"), at=at),
        fires_over_a_restart=question(alert, {on_nginx: f"{before} 20+20x60"}, drops("333.3m"), at=at),
        a_third_less=question(alert, {on_nginx: f"{before} 7240+40x60"}, at=at),
        a_restart=question(alert, {on_nginx: f"{before} 60+60x60"}, at=at),
        a_move_to_the_gateway=question(alert, {on_nginx: f"{before} 7200x60", on_istio: "_x120 0+60x60"}, at=at),
        little_traffic=question(alert, {on_nginx: "0+5x120 600x60"}, at=at),
        idle=question(alert, {on_nginx: standing(60, 200)}, at=at),
        empty=question(alert, {}, at=at),
    )


def test_certificate_expires(ask_for_state: Ask) -> None:
    alert, at, now = "IngressCertificateExpires", "120m", 7200
    on_nginx = 'nginx_ingress_controller_ssl_expire_time_seconds{host="a.example.test", secret_name="a"}'
    default = 'nginx_ingress_controller_ssl_expire_time_seconds{host="_", secret_name=""}'
    on_istio = gateway("listener_ssl_certificate_kubernetes___i2i_shop_cert_expiration_unix_time_seconds")
    workload = gateway("listener_ssl_certificate_default_expiration_unix_time_seconds")
    soon, later = standing(now + 13 * DAY, 200), standing(now + 15 * DAY, 200)

    def expires(plane: str, summary: str, **labels: str) -> Firing:
        return Firing(
            {"severity": "warning", "plane": plane, **labels},
            f"{summary} expires in 13 days",
            "It should have been renewed by now.",
        )

    of_host = expires("nginx", "nginx: the certificate a of a.example.test", host="a.example.test", secret_name="a")
    of_gateway = expires("istio", "gateway: the credential i2i_shop_cert", secret_name="i2i_shop_cert")
    ask_for_state(
        fires_on_nginx=question(alert, {on_nginx: soon}, of_host, at=at),
        fires_on_istio=question(alert, {on_istio: soon}, of_gateway, at=at),
        renewed=question(alert, {on_nginx: later, on_istio: later}, at=at),
        # Neither is a certificate of a host: the default of nginx, and that of the gateway as a workload.
        others=question(alert, {default: soon, workload: soon}, at=at),
        empty=question(alert, {}, at=at),
    )


def test_gateway_and_control_plane_down(ask_for_state: Ask) -> None:
    live, other = gateway("server_live"), 'envoy_server_live{namespace="shop", pod="web-a"}'
    istiod = 'pilot_info{version="1.31.0"}'
    labels = {"severity": "critical", "plane": "istio"}
    gateway_down = Firing(
        labels,
        "No gateway is alive",
        "No Pod of the gateway says that it is live, or none is scraped.",
    )
    istiod_down = Firing(
        labels,
        "istiod is down",
        "Gateways go on with what they have; changes and renewed certificates do not reach them.",
    )

    def both(series: Series, *firing: Firing) -> Question:
        gateways = [alert for alert in firing if alert is gateway_down]
        planes = [alert for alert in firing if alert is istiod_down]
        return Question(
            series, alerts={("IngressGatewayDown", "30m"): gateways, ("IngressControlPlaneDown", "30m"): planes}
        )

    ask_for_state(
        both_down=both({}, gateway_down, istiod_down),
        gateway_not_live=both({live: standing(0), istiod: standing(1)}, gateway_down),
        gateway_gone=both({live: "1x20 stale", istiod: standing(1)}, gateway_down),
        only_a_sidecar=both({other: standing(1), istiod: standing(1)}, gateway_down),
        istiod_gone=both({live: standing(1), istiod: "1x20 stale"}, istiod_down),
        just_now=both({live: "1x28 stale", istiod: standing(1)}),
        idle=both({live: standing(1), istiod: standing(1)}),
    )


def test_configuration_rejected(ask_for_state: Ask) -> None:
    alert = "IngressConfigurationRejected"
    nack, config = 'pilot_total_xds_rejects{type="lds"}', 'pilot_total_rejected_configs{type="gateway"}'
    listeners, clusters = (
        gateway("listener_manager_lds_update_rejected"),
        gateway("cluster_manager_cds_update_rejected"),
    )

    def rejected(of: str = "") -> Firing:
        return Firing(
            {"severity": "critical", "plane": "istio", **({"type": of} if of else {})},
            f"Configuration was rejected {of}",
            "A gateway keeps what it had, and may refuse every later change too.",
        )

    ask_for_state(
        the_first_one=question(alert, {nack: "_x25 1x30"}, rejected("lds"), at=LATER),
        one_more=question(alert, {nack: "5x24 6x30"}, rejected("lds"), at=LATER),
        by_istiod=question(alert, {config: "_x25 1x30"}, rejected("gateway"), at=LATER),
        listeners=question(alert, {listeners: "0x24 1x30"}, rejected(), at=LATER),
        clusters=question(alert, {clusters: "0x24 1x30"}, rejected(), at=LATER),
        after_a_restart=question(alert, {nack: "5x24 1x30"}, rejected("lds"), at=LATER),
        long_ago=question(alert, {nack: "1x5 2x60", listeners: "0x5 1x60", clusters: "0x5 1x60"}, at=LATER),
        a_restart=question(alert, {nack: "5x24 0x30", listeners: "5x24 0x30", clusters: "5x24 0x30"}, at=LATER),
        idle=question(alert, {nack: standing(0), listeners: standing(0), clusters: standing(0)}, at=LATER),
        empty=question(alert, {}, at=LATER),
    )


def test_drift(ask_for_state: Ask) -> None:
    alert, drifted = "IngressDrift", 'istio_migration_drifted_objects{cluster="a", instance="one"}'
    fires = Firing(
        {"severity": "warning", "plane": "istio", "cluster": "a"},
        "2 generated objects of a were edited by hand",
        "The next run refuses to overwrite them unless it is told to.",
    )
    ask_for_state(
        fires=question(alert, {drifted: standing(2)}, fires, at=LATER),
        repaired=question(alert, {drifted: "2x24 0x30"}, at=LATER),
        idle=question(alert, {drifted: standing(0)}, at=LATER),
        empty=question(alert, {}, at=LATER),
    )


def test_sync_failing(ask_for_state: Ask) -> None:
    alert, at = "IngressSyncFailing", "120m"
    success = 'istio_migration_run_success{cluster="a", playbook="sync"}'
    last = 'istio_migration_last_success_timestamp_seconds{cluster="a", playbook="sync"}'
    other = 'istio_migration_run_success{cluster="a", playbook="migrate"}'
    fires = Firing(
        {"severity": "critical", "plane": "istio", "cluster": "a"},
        "The synchronisation of a fails",
        "Changed Ingresses and renewed certificates do not reach the gateway.",
    )
    ask_for_state(
        fires=question(alert, {success: standing(0, 200), last: "0+60x200"}, fires, at=at),
        fires_when_it_does_not_run=question(alert, {success: standing(1, 200), last: "0+60x30 1800x170"}, fires, at=at),
        runs=question(alert, {success: standing(1, 200), last: "0+60x200"}, at=at),
        failed_just_now=question(alert, {success: "1x115 0x80", last: "0+60x115 6900x80"}, at=at),
        another_playbook=question(alert, {other: standing(0, 200)}, at=at),
        empty=question(alert, {}, at=at),
    )


def test_every_alert_is_tested(rules: Path) -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    alerts = {rule["alert"] for group in groups_of(rules / "alerts.yml") for rule in group["rules"]}
    assert [alert for alert in alerts if f'"{alert}"' not in tested] == []
