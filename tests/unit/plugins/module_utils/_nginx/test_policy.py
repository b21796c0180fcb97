# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What annotations mean: invalid, empty and doubled values (semantics.md 0.3, A.1 to A.4, B.9).

Asked of what is served and what a plan decides, not of how annotations are read.
"""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.secrets import SecretFacts
from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Request
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.answer import answer
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.intake import take_in
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.merge import build_site
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.policy import Policy

from manifests import bundle, ingress, path, service
from plans import codes_of, plan_of
from witnesses import Witnesses

OLD = "registry.example.test/ingress-nginx/controller:v1.11.5"


def policy_of(settings: dict[str, str] | None = None, **annotations: str) -> Policy:
    named = {name.replace("_", "-"): value for name, value in annotations.items()}
    captured = bundle(ingress("a.example.test", annotations=named), service(), settings=settings)
    ((_, policy),) = take_in(captured).ingresses
    return policy


def status_of(client: str = "192.0.2.1", *, image: str = "", **annotations: str) -> int:
    """Return what nginx answers to a client; 0 is the backend."""
    named = {name.replace("_", "-"): value for name, value in annotations.items()}
    captured = bundle(ingress("a.example.test", annotations=named), service(), image=image)
    return answer(build_site(captured, take_in(captured)), Request("a.example.test", "/", client=client)).status


def test_defaults_come_from_the_controller() -> None:
    found = policy_of({"ssl-redirect": "false", "proxy-read-timeout": "9", "proxy-next-upstream": "off"})
    assert (found.ssl_redirect, found.timeouts.read, found.next_upstream.conditions) == (False, 9, ("off",))
    assert found.backend_protocol == "HTTP"
    assert (found.cors, found.access.allowed, found.present) == (None, (), frozenset())


def test_annotations_win_over_the_controller() -> None:
    found = policy_of({"ssl-redirect": "false", "proxy-read-timeout": "9"}, ssl_redirect="true", proxy_read_timeout="7")
    assert (found.ssl_redirect, found.timeouts.read) == (True, 7)


@pytest.mark.parametrize("value", ["60s", "", "1e3", "a minute"])
def test_a_timeout_with_a_unit_is_the_default(value: str) -> None:
    assert policy_of(proxy_read_timeout=value).timeouts.read == 60


@pytest.mark.parametrize("value", ["yes", "on", "TRUE ", ""])
def test_only_go_booleans_count(value: str) -> None:
    assert policy_of(force_ssl_redirect=value).force_ssl_redirect is False


@pytest.mark.parametrize(("value", "protocol"), [("https", "HTTPS"), (" GRPC ", "GRPC"), ("WS", "HTTP"), ("", "HTTP")])
def test_backend_protocol(value: str, protocol: str) -> None:
    assert policy_of(backend_protocol=value).backend_protocol == protocol


@pytest.mark.parametrize("image", ["", OLD], ids=["validated", "not validated"])
@pytest.mark.parametrize("value", ["", "10.0.0.0/8,x", "all", "10.0.0.0/99"])
@pytest.mark.parametrize("name", ["allowlist_source_range", "denylist_source_range"])
def test_an_address_list_that_cannot_be_read_answers_503(name: str, value: str, image: str) -> None:
    # Not "no restriction", whether or not the controller validates annotations (before 1.12 it did not).
    assert status_of("10.0.0.1", image=image, **{name: value}) == 503


@pytest.mark.parametrize("image", ["", OLD], ids=["validated", "not validated"])
def test_an_address_list_admits_whom_it_names(image: str) -> None:
    listed = {"whitelist_source_range": "10.0.0.0/8, 192.0.2.7"}
    assert status_of("10.1.1.1", image=image, **listed) == 0
    assert status_of("192.0.2.7", image=image, **listed) == 0
    assert status_of("192.0.2.8", image=image, **listed) == 403


def test_an_alias_counts_only_where_the_canonical_name_has_no_value() -> None:
    assert policy_of(whitelist_source_range="10.0.0.0/8").access.allowed == ("10.0.0.0/8",)
    both = policy_of(whitelist_source_range="10.0.0.0/8", allowlist_source_range="192.0.2.0/24")
    assert both.access.allowed == ("192.0.2.0/24",)
    assert policy_of(whitelist_source_range="10.0.0.0/8", allowlist_source_range="").access.allowed == ("10.0.0.0/8",)


def test_the_controllers_address_list_holds_where_an_ingress_has_none() -> None:
    assert policy_of({"whitelist-source-range": "10.0.0.0/8"}).access.allowed == ("10.0.0.0/8",)


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        (None, ("*",)),
        ("*", ("*",)),
        ("https://a.test, *", ("*",)),
        ("https://a.test,b.test,https://*.c.test", ("https://a.test", "https://*.c.test")),
        ("a.test", ()),
        ("https://a b;", ("*",)),  # characters that the validator refuses: the default
    ],
)
def test_origins(value: str | None, origins: tuple[str, ...]) -> None:
    named = {"enable_cors": "true"} if value is None else {"enable_cors": "true", "cors_allow_origin": value}
    cors = policy_of(**named).cors
    assert cors is not None
    assert cors.origins == origins


def test_cors_is_off_until_it_is_switched_on() -> None:
    assert policy_of(cors_allow_origin="*").cors is None


def test_cors_defaults() -> None:
    cors = policy_of(enable_cors="true").cors
    assert cors is not None
    assert cors.methods == "GET, PUT, POST, DELETE, PATCH, OPTIONS"
    assert len(cors.headers.split(",")) == 9
    assert (cors.credentials, cors.expose_headers, cors.max_age) == (True, "", 1728000)


@pytest.mark.parametrize("image", ["", OLD], ids=["validated", "not validated"])
@pytest.mark.parametrize("value", ["bad secret!", "", "no/such/name"])
def test_a_client_certificate_secret_that_is_not_valid_never_opens_a_path_of_its_host(value: str, image: str) -> None:
    # nginx answers 403 for the whole host, paths of other Ingresses too (semantics.md 0.3, E.1.3).
    plan = plan_of(
        ingress("a.example.test", name="a", annotations={"auth-tls-secret": value}),
        ingress("a.example.test", path("/b"), name="b"),
        service(),
        image=image,
    )
    witnesses = Witnesses(plan)
    for target in ("/", "/b", "/other"):
        for scheme in ("http", "https"):
            assert witnesses.nginx("a.example.test", target, scheme).status == 403
            assert witnesses.disagreements("a.example.test", target, scheme) == []


@pytest.mark.parametrize(
    "named",
    [
        {"auth-secret": "bad name!", "auth-type": "basic"},
        {"custom-headers": "bad name!"},
        # Recorded from a controller: whatever protocol the backend speaks.
        {"fastcgi-params-configmap": "not-there"},
    ],
)
def test_a_reference_that_is_not_valid_denies_the_paths_of_its_ingress(named: dict[str, str]) -> None:
    assert status_of(**named) == 503


# Seen on a controller: what belongs to a group is read only where the group is asked for.
@pytest.mark.parametrize(
    "named",
    [
        {"auth-realm": "a{b"},
        {"auth-secret-type": "x"},
        {"auth-method": "FOO"},
        {"auth-response-headers": "X User!"},
        {"auth-tls-match-cn": "x("},
    ],
)
def test_wrong_values_of_a_group_that_is_not_asked_for_do_no_harm(named: dict[str, str]) -> None:
    plan = plan_of(ingress("a.example.test", annotations=named), service())
    assert plan.conversion.verdicts["a.example.test"].moves
    assert Witnesses(plan).nginx("a.example.test", "/").backend == "shop/web:80"
    assert "INVALID-ANNOTATION" in codes_of(plan)


def test_a_secret_without_a_type_is_said_even_where_its_name_is_wrong() -> None:
    plan = plan_of(ingress("a.example.test", annotations={"auth-secret": "bad name!"}), service())
    assert "BASIC-AUTH-INACTIVE" in codes_of(plan)
    assert not plan.conversion.verdicts["a.example.test"].moves


@pytest.mark.parametrize(("secrets", "served"), [((), True), (("auth",), False)])
def test_a_realm_is_looked_at_once_the_secret_is_there(secrets: tuple[str, ...], served: bool) -> None:
    annotations = {"auth-type": "basic", "auth-secret": "users", "auth-realm": "a{b"}
    facts = [SecretFacts("shop", "users", keys=secrets)] if secrets else []
    plan = plan_of(ingress("a.example.test", annotations=annotations), service(), secrets=facts)
    assert ("a.example.test" in plan.site.servers) == served


@pytest.mark.parametrize("name", ["server-alias", "auth-url", "permanent-redirect", "limit-rps"])
def test_some_values_keep_the_whole_ingress_out(name: str) -> None:
    plan = plan_of(ingress("a.example.test", annotations={name: "<;>"}), service())
    assert "a.example.test" not in plan.conversion.verdicts
    assert codes_of(plan) == ["INGRESS-NOT-SERVED", "INVALID-ANNOTATION", "MAYBE-STALE"]


def test_an_empty_value_keeps_no_ingress_out() -> None:
    plan = plan_of(ingress("a.example.test", annotations={"server-alias": ""}), service())
    assert plan.conversion.verdicts["a.example.test"].moves
    assert "INVALID-ANNOTATION" in codes_of(plan)


def test_lines_are_trimmed_one_by_one() -> None:
    assert policy_of(proxy_next_upstream=" error \n timeout ").next_upstream.conditions == ("error", "timeout")
