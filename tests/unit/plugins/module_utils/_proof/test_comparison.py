# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as the same answer, what as a described difference, and what as neither."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.differences import Difference
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.generated import generated_answer
from ansible_collections.sealos.istio_migration.plugins.module_utils._http.pages import error_page, is_error_page
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.digests import sha256_hex
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.comparison import (
    Comparison,
    Deviation,
    Verdict,
    compare,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.probes import Probe
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.replies import Reply
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.synthesis import DISGUISED

KEEPS_SLASH = Difference("REDIRECT-KEEPS-SLASH", "location", "https://a.test/")
TIMED_OUT = "28: Operation timed out after 10001 milliseconds with 0 bytes received"


def probe(**fields: Any) -> Probe:
    plain = {
        "id": "0",
        "server": "a.test",
        "host": "a.test",
        "scheme": "http",
        "method": "GET",
        "target": "/",
        "headers": (),
    }
    return Probe(**{"why": "path", **plain, **fields})


def redirect(**fields: Any) -> Probe:
    return probe(generated=True, status=308, location="https://a.test", **fields)


def reply(status: int = 200, body: str = "hello", error: str = "", **headers: str) -> Reply:
    named = {name.replace("_", "-"): (value,) for name, value in headers.items()}
    return Reply(status, named, sha256_hex(body), len(body), error=error)


def page(status: int) -> Reply:
    return reply(status, generated_answer(status)["directResponse"]["body"]["string"], content_type="text/html")


def outcome(nginx: Reply | list[Reply], istio: Reply, **fields: Any) -> Comparison:
    answers = nginx if isinstance(nginx, list) else [nginx, nginx]
    return compare(probe(**fields), answers, istio)


def fields_of(found: Comparison) -> list[str]:
    return [item.field for item in found.deviations]


@pytest.mark.parametrize(
    ("istio", "field"),
    [
        (reply(404), "status"),
        (reply(body="other"), "body"),
        (reply(body="hello!"), "body"),
        (reply(x_a="b"), "header:x-a"),
        (reply(server="istio-envoy"), "header:server"),
        (reply(location="/x"), "location"),
        (reply(content_length="5"), "header:content-length"),
    ],
)
def test_a_difference_is_named_by_its_field(istio: Reply, field: str) -> None:
    found = outcome(reply(), istio)
    assert found.verdict is Verdict.DIFFERENT
    assert fields_of(found) == [field]
    assert outcome(istio, istio).verdict is Verdict.EQUAL
    assert fields_of(outcome(istio, reply())) == [field]


@pytest.mark.parametrize(
    "header",
    ["date", "connection", "keep_alive", "transfer_encoding", "upgrade", "x_envoy_upstream_service_time", "te"],
)
def test_what_belongs_to_a_connection_or_to_the_gateway_is_not_compared(header: str) -> None:
    assert outcome(reply(), reply(**{header: "1"})).verdict is Verdict.EQUAL


def test_http_versions_are_not_compared() -> None:
    assert outcome(replace(reply(), http_version="1.1"), replace(reply(), http_version="2")).verdict is Verdict.EQUAL


def test_several_values_of_a_header_are_compared_in_order() -> None:
    both = Reply(200, {"set-cookie": ("a", "b")})
    assert outcome(both, Reply(200, {"set-cookie": ("b", "a")})).verdict is Verdict.DIFFERENT
    assert outcome(both, both).verdict is Verdict.EQUAL


def test_what_varies_on_nginx_is_noise_and_recorded() -> None:
    nginx = [reply(body="1", x_id="1"), reply(body="2", x_id="2")]
    found = outcome(nginx, reply(body="3", x_id="3"))
    assert (found.verdict, found.noise) == (Verdict.EQUAL, ("body", "header:x-id"))
    assert fields_of(outcome(nginx, reply(500, body="3", x_id="3"))) == ["status"]


def test_noise_does_not_excuse_an_absent_header() -> None:
    nginx = [reply(set_cookie="a=1"), reply(set_cookie="a=2")]
    assert outcome(nginx, reply(set_cookie="a=3")).verdict is Verdict.EQUAL
    assert fields_of(outcome(nginx, reply())) == ["header:set-cookie"]
    now_and_then = [reply(set_cookie="a=1"), reply()]
    assert outcome(now_and_then, reply()).verdict is Verdict.EQUAL


def test_a_status_that_varies_must_be_one_of_nginxs() -> None:
    nginx = [reply(200), reply(429)]
    assert outcome(nginx, reply(429)).verdict is Verdict.EQUAL
    found = outcome(nginx, reply(404))
    assert (found.verdict, fields_of(found), found.noise) == (Verdict.DIFFERENT, ["status"], ("status",))


def test_pages_that_nginx_makes_are_not_compared() -> None:
    described = {"generated": True, "status": 404}
    assert outcome(page(404), reply(404, body="", content_length="0"), **described).verdict is Verdict.EQUAL
    assert fields_of(outcome(page(404), reply(403), **described)) == ["status"]
    assert fields_of(outcome(page(404), reply(404, x_a="b"), **described)) == ["header:x-a"]


def test_pages_that_nginx_makes_against_the_model_are_known_by_their_text() -> None:
    found = outcome(page(503), reply(503, body="no healthy upstream"))
    assert found.verdict is Verdict.EQUAL
    assert found.model == "the model says that a backend answers, nginx answers 503 itself"
    assert not is_error_page(503, sha256_hex("no healthy upstream"))


def test_bodies_are_compared_where_nginx_passed_on_what_the_model_says_it_answers() -> None:
    found = outcome(reply(200), reply(200, body="other"), generated=True, status=403)
    assert fields_of(found) == ["body"]
    assert found.model == "the model says 403, nginx answers 200"


def test_bodies_of_disguised_paths_are_not_compared() -> None:
    assert outcome(reply(body="//a"), reply(body="/a"), why=DISGUISED).verdict is Verdict.EQUAL


def test_disguised_paths_tell_something_only_where_the_address_list_refuses_them() -> None:
    listed = {"why": DISGUISED, "guarded": True}
    assert outcome(reply(200), reply(404), **listed).verdict is Verdict.EQUAL
    assert fields_of(outcome(page(403), reply(200), **listed)) == ["status"]


def test_the_model_holds_where_an_address_list_refuses_the_probe() -> None:
    assert outcome(page(403), page(403), guarded=True).model == ""
    assert outcome(page(403), page(403)).model == "the model says that a backend answers, nginx answers 403 itself"


def test_a_predicted_difference_must_be_there_exactly_so() -> None:
    asked = redirect(described=(KEEPS_SLASH,))
    nginx = [Reply(308, {"location": ("https://a.test",)})] * 2

    def found(location: str) -> Comparison:
        return compare(asked, nginx, Reply(308, {"location": (location,)}))

    assert found("https://a.test/").verdict is Verdict.DESCRIBED
    assert found("https://a.test/").deviations == (
        Deviation("location", "https://a.test", "https://a.test/", "REDIRECT-KEEPS-SLASH", True),
    )
    absent = found("https://a.test")
    assert absent.verdict is Verdict.DIFFERENT
    assert "REDIRECT-KEEPS-SLASH predicts another difference" in str(absent.deviations[0])
    assert found("https://b.test/").verdict is Verdict.DIFFERENT
    both = compare(asked, nginx, Reply(301, {"location": ("https://a.test/",)}))
    assert (both.verdict, fields_of(both)) == (Verdict.DIFFERENT, ["status", "location"])


def test_another_answer_that_is_predicted_may_say_other_things() -> None:
    missing = (Difference("PATH-NORMALISED", "status", "404"),)
    found = outcome(reply(200, content_type="application/json"), page(404), described=missing)
    assert (found.verdict, fields_of(found)) == (Verdict.DESCRIBED, ["status"])
    assert outcome(reply(200), page(403), described=missing).verdict is Verdict.DIFFERENT


def test_a_prediction_about_an_answer_that_nginx_does_not_give_fails() -> None:
    found = compare(redirect(described=(KEEPS_SLASH,)), [reply(200)] * 2, reply(200))
    assert (found.verdict, fields_of(found)) == (Verdict.DIFFERENT, ["location"])
    assert found.model == "the model says 308 https://a.test, nginx answers 200"


def test_the_model_is_a_second_witness() -> None:
    nginx = Reply(308, {"location": ("https://b.test",)})
    assert compare(redirect(), [nginx] * 2, nginx).model == (
        "the model says 308 https://a.test, nginx answers 308 https://b.test"
    )
    silent = Reply(0, error=TIMED_OUT)
    assert compare(redirect(), [silent] * 2, silent).model == (
        f"the model says 308 https://a.test, nginx answers {TIMED_OUT}"
    )


def test_no_answer_is_one_difference() -> None:
    found = outcome(reply(x_a="b"), Reply(0, error="56: Recv failure: Connection reset by peer"))
    assert found.deviations == (Deviation("error", "", "56"), Deviation("status", "200", "(none)"))


def test_planes_that_fail_in_the_same_way_agree() -> None:
    assert outcome(Reply(0, error=TIMED_OUT), Reply(0, error="28: Operation timed out")).verdict is Verdict.EQUAL
    assert outcome(Reply(0, error=TIMED_OUT), Reply(0, error="52: Empty reply from server")).verdict is (
        Verdict.DIFFERENT
    )


def test_bodies_that_never_end_are_not_compared_but_their_heads_are() -> None:
    nginx, istio = reply(body="1", error=TIMED_OUT, x_a="b"), reply(body="22", error=TIMED_OUT, x_a="b")
    assert outcome(nginx, istio).verdict is Verdict.EQUAL
    assert fields_of(outcome(nginx, reply(404, error=TIMED_OUT, x_a="b"))) == ["status"]


def test_handshakes_are_compared_without_what_follows_them() -> None:
    nginx = Reply(101, {"upgrade": ("websocket",), "sec-websocket-accept": ("x",)})
    assert outcome(nginx, Reply(101, {"sec-websocket-accept": ("x",)})).verdict is Verdict.EQUAL
    assert fields_of(outcome(nginx, Reply(200))) == ["status", "body", "header:sec-websocket-accept"]


def test_values_that_may_be_secret_are_shown_as_digests() -> None:
    nginx = [reply(set_cookie="session=s3cret", content_type="a", location="https://u:s3cret@b/c?token=s3cret")] * 2
    found = compare(probe(), nginx, reply(content_type="b", location="https://u:s3cret@b/c?token=other#s3cret"))
    assert "s3cret" not in str(found)
    assert "other" not in str(found)
    by_field = {item.field: item for item in found.deviations}
    assert (by_field["header:content-type"].nginx, by_field["header:content-type"].istio) == ("a", "b")
    assert by_field["header:set-cookie"].istio == "(none)"
    assert by_field["location"].nginx != by_field["location"].istio
    assert by_field["location"].nginx.endswith(f"@b/c?sha256:{sha256_hex('token=s3cret')}")


def test_where_chance_decides_between_backends_only_the_plane_is_compared() -> None:
    assert outcome(reply(body="old", x_a="1"), reply(body="new", x_b="2"), chance=True).verdict is Verdict.EQUAL
    assert fields_of(outcome(reply(), reply(404), chance=True)) == ["status"]


@pytest.mark.parametrize("server", ["nginx", "nginx/1.27.1"])
def test_what_nginx_calls_itself_is_its_own(server: str) -> None:
    assert outcome(reply(server=server), reply()).verdict is Verdict.EQUAL
    assert fields_of(outcome(reply(server="gunicorn"), reply())) == ["header:server"]
    assert fields_of(outcome(reply(), reply(server="istio-envoy"))) == ["header:server"]


def test_pages_of_nginx_may_name_its_version() -> None:
    body = sha256_hex(error_page(403, "nginx/1.27.1"))
    assert is_error_page(403, body, "nginx/1.27.1")
    assert not is_error_page(403, body)
    assert not is_error_page(403, sha256_hex(error_page(403, "other/1.0")), "other/1.0")
    assert is_error_page(403, sha256_hex(error_page(403)), "gunicorn")
