# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gate says: passed, breached, or that it cannot say."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator, Mapping

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._gate.errors import GateError
from ansible_collections.sealos.istio_migration.plugins.module_utils._gate.measures import Measures, measure
from ansible_collections.sealos.istio_migration.plugins.module_utils._gate.prometheus import Prometheus
from ansible_collections.sealos.istio_migration.plugins.module_utils._gate.verdicts import (
    Judgement,
    Limits,
    Verdict,
    judge,
    overall,
)

from observing import prometheus

LIMITS = Limits(error_ratio=0.05, p95_factor=1.15, p95_slack=5, overflowed=0, minimum_requests=50)
NGINX = Measures(requests=300, error_ratio=0.0, p95=100.0)
GOOD = Measures(requests=300, error_ratio=0.01, p95=110.0, overflowed=0.0)


def judged(now: Measures, before: Measures | None = NGINX) -> Judgement:
    (found,) = judge({"shop": before} if before else {}, {"shop": now}, LIMITS)
    return found


def test_as_good_as_before_passes() -> None:
    assert judged(GOOD) == Judgement("shop", Verdict.PASSED)
    assert judged(Measures(300, 0.05, 119.9, 0.0)).verdict is Verdict.PASSED
    # A gateway that does not expose it has no figure.
    assert judged(Measures(300, 0.0, 100.0, None)).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (Measures(300, 0.06, 100.0, 0.0), "6.0% of the answers are errors, 5.0% are allowed"),
        (Measures(300, 0.0, 121.0, 0.0), "P95 is 121 ms, 120 ms are allowed (nginx had 100 ms)"),
        (Measures(300, 0.0, 100.0, 0.5), "0.50 requests per second found the gateway's limits exhausted"),
    ],
)
def test_each_limit_can_be_breached(now: Measures, reason: str) -> None:
    assert judged(now) == Judgement("shop", Verdict.BREACHED, (reason,))


def test_few_requests_say_nothing_even_where_all_fail() -> None:
    found = judged(Measures(49, 1.0, 9000.0, 9.0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reasons == ("49 requests on the gateway in 300 seconds, 50 are needed",)
    assert judged(Measures()).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("before", [None, Measures(), Measures(49, 0.0, 1.0)])
def test_without_enough_before_latency_is_not_judged_but_errors_are(before: Measures | None) -> None:
    assert judged(GOOD, before).verdict is Verdict.INCONCLUSIVE
    assert "too few to compare P95 with" in judged(GOOD, before).reasons[0]
    assert judged(Measures(300, 0.06, 1.0, 0.0), before).verdict is Verdict.BREACHED


def test_a_figure_that_prometheus_lacks_is_no_good_figure() -> None:
    assert judged(Measures(300, None, 100.0, 0.0)).verdict is Verdict.INCONCLUSIVE
    assert judged(Measures(300, 0.0, None, 0.0)).verdict is Verdict.INCONCLUSIVE


def test_the_worst_counts() -> None:
    passed, unknown, breached = (Judgement("a", verdict) for verdict in Verdict)
    assert overall([passed, unknown, breached]) is Verdict.BREACHED
    assert overall([passed, unknown]) is Verdict.INCONCLUSIVE
    assert overall([passed]) is overall([]) is Verdict.PASSED


@pytest.mark.parametrize("name", ['a"} or vector(1) #', "a|.*", "", "A", "-a"])
def test_no_name_becomes_promql(name: str) -> None:
    with pytest.raises(GateError, match="no name of a namespace"):
        measure(lambda expression: [], "istio", [name], "")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "prometheus:9090", ""])
def test_only_http_is_asked(url: str) -> None:
    with pytest.raises(GateError, match="http:// or https://"):
        Prometheus(url)


def test_no_answer_is_an_error_that_names_the_place() -> None:
    with pytest.raises(GateError, match=r"Prometheus at http://127\.0\.0\.1:1 did not answer up: "):
        Prometheus("http://127.0.0.1:1").ask("up")


def test_a_redirection_is_not_followed() -> None:
    """Else the token would go where somebody else says."""
    asked: list[str] = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(307)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(GateError, match="307"):
            Prometheus(f"http://127.0.0.1:{server.server_address[1]}", "token").ask("up")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == ["/api/v1/query"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[prometheus.Prometheus]:
    """A Prometheus with the records of two namespaces, as they are recorded."""
    if not prometheus.is_there():
        pytest.skip(prometheus.MISSING)
    folder = tmp_path_factory.mktemp("gate")
    records: Mapping[str, float] = {
        'plane_namespace:requests:rate5m{plane="nginx",namespace="shop"}': 1.0,
        'plane_namespace:requests:rate5m{plane="istio",namespace="shop"}': 2.0,
        'plane_namespace:requests:rate5m{plane="istio",namespace="shopping"}': 7.0,
        'plane_namespace:error_ratio:rate5m{plane="istio",namespace="shop"}': 0.06,
        'plane_namespace:duration_milliseconds:p95_rate5m{plane="istio",namespace="shop"}': 120.0,
        'plane_namespace:requests_overflowed:rate5m{plane="istio",namespace="shop"}': 0.0,
    }
    series = {name: (lambda seconds, value=value: value) for name, value in records.items()}
    with prometheus.running(folder, folder / "rules", series) as found:
        yield found


def test_a_real_prometheus_is_asked_for_these_namespaces_only(running: prometheus.Prometheus) -> None:
    running.wait_for('plane_namespace:requests:rate5m{namespace="shopping"}')
    found = measure(Prometheus(running.url).ask, "istio", ["shop", "idle"], "")
    assert found == {"shop": Measures(600.0, 0.06, 120.0, 0.0), "idle": Measures()}
    assert overall(judge({}, found, LIMITS)) is Verdict.BREACHED
    assert measure(Prometheus(running.url).ask, "istio", ["shop"], 'cluster="b"') == {"shop": Measures()}
