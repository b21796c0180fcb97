# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments and ConfigMap of the controller (semantics.md 0.1, 0.2, B.6, B.7, B.20; Go's strconv and mapstructure)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.catalogue import Risk
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.settings import (
    Settings,
    controller_version,
    read_settings,
)

NEW = (1, 15)


def settings(*arguments: str, version: tuple[int, int] | None = NEW, **configmap: str) -> Settings:
    return read_settings(arguments, {name.replace("_", "-"): value for name, value in configmap.items()}, version)


def test_defaults_are_those_of_the_release() -> None:
    found = settings()
    assert found == Settings()
    assert (found.timeouts.connect, found.timeouts.read, found.timeouts.send) == (5, 60, 60)
    assert (found.next_upstream.conditions, found.next_upstream.tries) == (("error", "timeout"), 3)
    assert found.hsts.value == "max-age=31536000; includeSubDomains"
    assert (found.http_redirect_code, found.ssl_redirect, found.risk_level) == (308, True, Risk.HIGH)
    assert found.no_redirect_paths == ("/.well-known/acme-challenge",)


def test_what_is_not_known_is_assumed_and_said() -> None:
    assert read_settings(None, None, None).assumed == ("arguments", "configmap", "version")
    assert settings().assumed == ()


@pytest.mark.parametrize(
    "arguments", [("--ingress-class=edge",), ("--ingress-class", "edge"), ("-ingress-class=edge",)]
)
def test_flags_have_their_value_after_an_equals_sign_or_as_the_next_word(arguments: tuple[str, ...]) -> None:
    assert settings(*arguments).ingress_class == "edge"


def test_the_last_of_equal_flags_counts_and_a_bare_one_is_true() -> None:
    found = settings("--enable-ssl-passthrough", "--ingress-class=a", "--ingress-class=b", "/nginx-ingress-controller")
    assert found.ssl_passthrough
    assert found.ingress_class == "b"


@pytest.mark.parametrize(
    ("argument", "field", "value"),
    [
        ("--controller-class=x.test/y", "controller_class", "x.test/y"),
        ("--ingress-class-by-name", "class_by_name", True),
        ("--watch-ingress-without-class=true", "watch_without_class", True),
        ("--watch-namespace=shop", "watch_namespace", "shop"),
        ("--disable-catch-all=1", "disable_catch_all", True),
        ("--disable-svc-external-name", "disable_external_names", True),
        ("--deep-inspect=false", "deep_inspect", False),
        ("--enable-annotation-validation=false", "annotation_validation", False),
        ("--annotations-prefix=my.test", "annotations_prefix", "my.test"),
        ("--default-backend-service=a/b", "default_backend", ("a", "b")),
        ("--default-ssl-certificate=a/b", "default_certificate", ("a", "b")),
        ("--default-ssl-certificate=b", "default_certificate", None),
        ("--health-check-path=/ok", "health_path", "/ok"),
    ],
)
def test_arguments(argument: str, field: str, value: Any) -> None:
    assert getattr(settings(argument), field) == value


@pytest.mark.parametrize("version", [(1, 11), (1, 9)])
def test_releases_before_1_12_were_lenient(version: tuple[int, int]) -> None:
    found = settings(version=version)
    assert (found.annotation_validation, found.risk_level) == (False, Risk.CRITICAL)


@pytest.mark.parametrize(
    ("text", "level"),
    [("Critical", Risk.CRITICAL), ("HIGH", Risk.HIGH), ("medium", Risk.MEDIUM), ("Low", Risk.LOW), ("x", Risk.LOW)],
)
def test_risk_levels(text: str, level: Risk) -> None:
    assert settings(annotations_risk_level=text).risk_level is level


@pytest.mark.parametrize(
    ("key", "text", "field", "value"),
    [
        ("ssl-redirect", "false", "ssl_redirect", False),
        ("ssl-redirect", "", "ssl_redirect", False),  # mapstructure, weakly typed: empty text is false
        ("force-ssl-redirect", "T", "force_ssl_redirect", True),
        ("http-redirect-code", "301", "http_redirect_code", 301),
        ("no-tls-redirect-locations", "/a, /b,", "no_redirect_paths", ("/a", "/b")),
        ("no-tls-redirect-locations", "", "no_redirect_paths", ()),
        ("whitelist-source-range", "10.1.2.3/8", "allowlist", ("10.0.0.0/8",)),
        ("annotation-value-word-blocklist", "load_module, lua", "word_blocklist", ("load_module", " lua")),
        ("annotation-value-word-blocklist", "", "word_blocklist", ()),
        ("allow-cross-namespace-resources", "true", "allow_cross_namespace", True),
    ],
)
def test_config_map(key: str, text: str, field: str, value: Any) -> None:
    found = read_settings((), {key: text}, NEW)
    assert getattr(found, field) == value
    assert (found.unsupported, found.ignored) == ((), ())


@pytest.mark.parametrize(
    ("text", "value"), [("15", 15), ("", 0), ("0x10", 16), ("010", 8), ("0o10", 8), ("0b11", 3), ("-1", -1), ("0", 0)]
)
def test_numbers_of_the_config_map_have_a_base(text: str, value: int) -> None:
    assert settings(proxy_read_timeout=text).timeouts.read == value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("proxy-read-timeout", "60s"),
        ("proxy-read-timeout", "9" * 100),
        ("proxy-read-timeout", "08"),
        ("ssl-redirect", "yes"),
        ("http-redirect-code", "303"),
        ("http-redirect-code", ""),
        ("http-redirect-code", "x"),
        ("whitelist-source-range", "10.0.0.0/8,x"),
    ],
)
def test_a_value_that_nginx_cannot_use_is_the_default_and_said_once(key: str, text: str) -> None:
    found = read_settings((), {key: text}, NEW)
    assert found.ignored == ((key, text),)
    assert replace(found, ignored=()) == Settings()


def test_what_changes_answers_and_is_not_carried_over_is_listed() -> None:
    found = settings(stream_snippet="server {}", keep_alive="75", plugins="mine", proxy_redirect_to="off")
    assert found.unsupported == (("plugins", "mine"), ("stream-snippet", "server {}"))


def test_keys_that_a_known_release_does_not_know_are_passed_over() -> None:
    assert settings(brand_new="x").unknown == (("brand-new", "x"),)
    newer = settings(brand_new="x", version=(1, 16))
    assert (newer.unknown, newer.unsupported) == ((), (("brand-new", "x"),))


@pytest.mark.parametrize(
    ("key", "text", "given_up"),
    [
        ("use-http2", "false", True),
        ("use-http2", "true", False),
        ("server-tokens", "true", True),
        ("enable-opentelemetry", "True", True),
        ("enable-opentelemetry", "False", False),
        ("limit-rate", "100", True),
        ("limit-rate", "0", False),
    ],
)
def test_what_is_given_up_is_said_where_it_is_asked_for(key: str, text: str, given_up: bool) -> None:
    found = read_settings((), {key: text}, NEW)
    assert [name for name, __ in found.given_up] == ([key] if given_up else [])
    assert (found.unsupported, found.unknown) == ((), ())


def test_a_firewall_is_noticed() -> None:
    off = settings(enable_modsecurity="false", enable_owasp_modsecurity_crs="False", modsecurity_snippet="")
    assert off.firewall == ()
    assert settings(enable_modsecurity="true", modsecurity_snippet="SecRuleEngine On").firewall == (
        "enable-modsecurity",
        "modsecurity-snippet",
    )


def test_the_preferred_way_to_compress_comes_first() -> None:
    found = settings(use_gzip="true", enable_brotli="true", gzip_types="text/css Text/Plain", brotli_types="*")
    assert [way.method for way in found.compressions] == ["brotli", "gzip"]
    assert found.compressions[0].types == ("*",)
    assert (found.compressions[1].types, found.compressions[1].shortest) == (
        ("text/css", "text/html", "text/plain"),
        256,
    )
    assert settings(gzip_types="text/css").compressions == ()


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("TLSv1.3", ("TLSv1.3", "TLSv1.3")),
        ("TLSv1.2", ("TLSv1.2", "TLSv1.2")),
        ("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", ("TLSv1", "TLSv1.3")),
        ("SSLv3 TLSv1.2 TLSv1.3", ("TLSv1.2", "TLSv1.3")),
    ],
)
def test_versions_of_tls(text: str, versions: tuple[str, str]) -> None:
    found = settings(ssl_protocols=text)
    assert ((found.tls.oldest, found.tls.newest), found.unsupported) == (versions, ())


@pytest.mark.parametrize("text", ["TLSv1.1 TLSv1.3", "TLSv1.4", "", "SSLv3"])
def test_versions_that_a_gateway_cannot_say(text: str) -> None:
    assert settings(ssl_protocols=text).unsupported == (("ssl-protocols", text),)


@pytest.mark.parametrize(
    ("text", "ciphers", "missing"),
    [
        ("ECDHE-RSA-AES128-GCM-SHA256", ("ECDHE-RSA-AES128-GCM-SHA256",), ()),
        ("AES128-SHA:DHE-RSA-AES256-GCM-SHA384", ("AES128-SHA",), ("DHE-RSA-AES256-GCM-SHA384",)),
        ("AES128-SHA:TLS_AES_128_GCM_SHA256:!aNULL:!MD5", ("AES128-SHA",), ()),
        ("", (), ()),
    ],
)
def test_ciphers_are_those_that_envoy_has(text: str, ciphers: tuple[str, ...], missing: tuple[str, ...]) -> None:
    found = settings(ssl_ciphers=text).tls
    assert (found.ciphers, found.missing, found.unreadable) == (ciphers, missing, "")


@pytest.mark.parametrize("text", ["HIGH:!aNULL", "EECDH+AESGCM", "DHE-RSA-AES256-GCM-SHA384", "AES128-SHA:!SHA"])
def test_lists_of_ciphers_that_a_gateway_cannot_say(text: str) -> None:
    assert settings(ssl_ciphers=text).tls.unreadable == text


def test_hsts_can_be_changed_and_switched_off() -> None:
    assert settings(hsts="false").hsts.value == ""
    changed = settings(hsts_max_age="60", hsts_include_subdomains="false", hsts_preload="true")
    assert changed.hsts.value == "max-age=60; preload"


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("registry.example.test/ingress-nginx/controller:v1.15.1@sha256:0", (1, 15)),
        ("controller:1.9.6", (1, 9)),
        ("localhost:5000/controller:v1.12.0-alpha", (1, 12)),
        ("localhost:5000/controller", None),
        ("controller:latest", None),
        ("controller@sha256:1234", None),
        ("", None),
    ],
)
def test_versions_of_images(image: str, version: tuple[int, int] | None) -> None:
    assert controller_version(image) == version
