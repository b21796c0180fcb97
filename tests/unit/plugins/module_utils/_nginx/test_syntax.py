# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as Go reads them: strconv.ParseBool, strconv.Atoi, net.ParseCIDR, and ingress-nginx's validators."""

from __future__ import annotations

import time

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx import syntax
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.catalogue import ANNOTATIONS


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_true(text: str) -> None:
    assert syntax.parse_bool(text) is True


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_false(text: str) -> None:
    assert syntax.parse_bool(text) is False


@pytest.mark.parametrize("text", ["", "yes", "no", "on", "off", "tRUE", " true", "true\n", "01", "enabled"])
def test_no_boolean(text: str) -> None:
    assert syntax.parse_bool(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("+5", 5),
        ("-5", -5),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
    ],
)
def test_integers(text: str, value: int) -> None:
    assert syntax.parse_int(text) == value


@pytest.mark.parametrize(
    "text", ["", "60s", "1.0", "1_000", "0x10", " 5", "5\n", "--5", "9223372036854775808", "9" * 5000, "\u0663", "+"]
)
def test_no_integer(text: str) -> None:
    assert syntax.parse_int(text) is None


def test_networks_are_masked_addresses_are_not_and_all_are_sorted() -> None:
    text = "192.168.7.9/16, 10.0.0.1,2001:DB8::1/32 ,10.0.0.1"
    assert syntax.parse_networks(text) == ("10.0.0.1", "192.168.0.0/16", "2001:db8::/32")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "10.0.0.0/8,",
        "10.0.0.0/33",
        "10.0.0/8",
        "10.0.0.0/255.0.0.0",
        "010.0.0.1",
        "fe80::1%eth0",
        "1.2.3.4/-1",
        "1.2.3.4/",
        "all",
        "10.0.0.0/8;allow all",
        "\u0661.2.3.4",
    ],
)
def test_one_bad_entry_spoils_a_list_of_networks(text: str) -> None:
    assert syntax.parse_networks(text) is None


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("proxy-body-size", ["8m", "0", "10 k", "1G"], ["8mb", "m", "-1", "1.5m"]),
        ("backend-protocol", ["HTTPS", " grpc ", "Auto_Http"], ["WS", "HTTP2", "H2C"]),
        ("permanent-redirect", ["https://a.test/x?y=1&z"], ["https://a.test/$uri", "a;b", 'a"b', "a\nb"]),
        ("temporal-redirect", ["http://a.test"], ["http://a.test/{x}"]),
        ("auth-url", ["http://a.d.svc/$request_uri"], ["http://a\nb", "a;b", 'x"y']),
        ("auth-signin", ["https://a.test/?rd=$scheme"], ["https://a.test/'x'"]),
        ("auth-tls-match-cn", ["CN=good", "CN=(a|b)"], ["good", "CN=(", "O=x"]),
        ("custom-http-errors", ["404,503", "404", ""], ["200", "40", "4x4"]),
        (
            "cors-allow-origin",
            ["*", "https://a.test:8080,https://*.b.test", "null"],
            ["https://a.test/x?", "a b;", "a*"],
        ),
        ("cors-allow-methods", ["GET, PUT", "GET PUT"], ["GET;", "", "G1"]),
        ("proxy-next-upstream", ["error timeout http_503", "off"], ["always", "error;"]),
        ("rewrite-target", ["/$1/x", "x"], ["/a b", "/{x}"]),
        ("proxy-ssl-protocols", ["TLSv1.2 TLSv1.3"], ["TLSv1.1"]),
        ("session-cookie-samesite", ["Lax", "NONE"], ["any"]),
        ("proxy-http-version", ["1.0", "1.1"], ["2", "1.1.1"]),
        ("default-backend", ["web"], ["1web", "a.b", "Web"]),
    ],
)
def test_validators_of_annotations(name: str, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not ANNOTATIONS[name].valid(text)] == []
    assert [text for text in bad if ANNOTATIONS[name].valid(text)] == []


@pytest.mark.parametrize(
    "text",
    ["A," * 40000 + ";", "://" * 40000, "a" * 120000 + "$", "error " * 30000 + "x", "1" * 90000, "CN=" + "(" * 9000],
)
def test_a_long_value_is_judged_in_a_moment(text: str) -> None:
    # Tenants write values of up to a quarter of a megabyte.
    begin = time.process_time()
    for annotation in ANNOTATIONS.values():
        annotation.valid(text)
    assert time.process_time() - begin < 5
