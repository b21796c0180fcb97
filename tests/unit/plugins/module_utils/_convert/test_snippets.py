# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand-written directives: what nginx makes of them (semantics.md B.18), and that the gateway does the same."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._http.exchange import Answer

from manifests import certificate, ingress, path, service
from plans import codes_of, objects_of, plan_of, routes_of
from witnesses import Witnesses

HOST = "a.example.test"
ALLOWED = {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"}


def both(
    snippet: str = "",
    *,
    server: str = "",
    tls: bool = False,
    settings: dict[str, str] | None = None,
    **annotations: str,
) -> Witnesses:
    named = {name.replace("_", "-"): value for name, value in annotations.items()}
    named |= {"configuration-snippet": snippet} if snippet else {}
    named |= {"server-snippet": server} if server else {}
    return Witnesses(
        plan_of(
            ingress(HOST, path("/"), path("/api/", "api"), annotations=named, tls="cert" if tls else None),
            service(),
            service("api"),
            settings={**ALLOWED, **(settings or {})},
            certificates=[certificate(HOST)],
        )
    )


def agreed(witnesses: Witnesses, target: str = "/", scheme: str = "http", **fields: object) -> Answer:
    """Return what nginx answers, having asked the gateway, too."""
    assert witnesses.plan.conversion.verdicts[HOST].moves, codes_of(witnesses.plan, HOST)
    assert witnesses.disagreements(HOST, target, scheme, **fields) == []
    return witnesses.nginx(HOST, target, scheme, **fields)


HEADERS = [
    ('more_set_headers "X-A: 1";', {"x-a": "1"}),
    ('more_set_headers "X-A: 1" "X-B: b c";', {"x-a": "1", "x-b": "b c"}),
    ('more_set_headers "X-A: 1"; more_set_headers "X-A: 2";', {"x-a": "2"}),
    ('more_set_headers "X-A:";', {"x-a": "(removed)"}),
    ('more_set_headers "X-A: $host $request_method";', {"x-a": "a.example.test GET"}),
    ('more_set_headers "X-A: $server_name";', {"x-a": HOST}),
    ('more_set_headers "X-A: $namespace/$ingress_name $service_name:$service_port";', {"x-a": "shop/web web:80"}),
    ('more_set_headers "X-A: 50% ]] \\"q\\"";', {"x-a": '50% ]] "q"'}),
    ("more_clear_headers X-A X-B;", {"x-a": "(removed)", "x-b": "(removed)"}),
    ('more_clear_headers "X-Frame-Options:";', {"x-frame-options": "(removed)"}),
    ("more_clear_headers 'X-*';", {"x-*": "(removed)"}),
    ("proxy_hide_header X-Powered-By;", {"x-powered-by": "(removed)"}),
    ("add_header X-A 1 always;", {"x-a": "+ 1"}),
    (
        "add_header X-A 1;",
        {"x-a": "+ 1", **{f"x-a ({status})": "as the backend sends it" for status in (404, 500, 503)}},
    ),
    ("more_set_headers -s '404 500' 'X-A: 1';", {"x-a (404)": "1", "x-a (500)": "1"}),
    ("proxy_hide_header Cache-Control; add_header Cache-Control no-store always;", {"cache-control": "no-store"}),
    ('set $who you; more_set_headers "X-A: $who ${who}";', {"x-a": "you you"}),
]


@pytest.mark.parametrize(("snippet", "headers"), HEADERS)
def test_response_headers(snippet: str, headers: dict[str, str]) -> None:
    assert agreed(both(snippet)).headers == headers


def test_expires_sets_both_headers_for_good_answers() -> None:
    found = agreed(both("expires 30d;")).headers
    assert (found["expires"], found["cache-control"]) == ("(now +2592000 s)", "max-age=2592000")
    assert found["expires (404)"] == "as the backend sends it"
    assert agreed(both("expires max;")).headers["expires"] == "Thu, 31 Dec 2037 23:55:55 GMT"
    assert agreed(both("expires epoch;")).headers["cache-control"] == "no-cache"
    assert agreed(both("expires off;")).headers == {}


def test_the_strict_transport_security_of_the_controller_wins_over_that_of_a_snippet() -> None:
    # As controllers 1.15.1 and 1.11.0 answered: on http, where the controller sets none, the snippet counts.
    witnesses = both('more_set_headers "Strict-Transport-Security: max-age=1";', tls=True)
    own = {"strict-transport-security": "max-age=31536000; includeSubDomains"}
    assert agreed(witnesses, scheme="https").headers == own
    assert agreed(witnesses).headers == {"strict-transport-security": "max-age=1"}
    assert agreed(both("more_clear_headers Strict-Transport-Security;", tls=True), "/x", "https").headers == own
    without = both('more_set_headers "Strict-Transport-Security: max-age=1";', tls=True, settings={"hsts": "false"})
    assert agreed(without, scheme="https").headers == {"strict-transport-security": "max-age=1"}


def test_own_answers_of_a_location_have_the_headers_too() -> None:
    witnesses = both('more_set_headers "X-A: 1"; add_header X-B 2;', tls=True, allowlist_source_range="198.51.100.0/24")
    assert agreed(witnesses).status == 308
    assert agreed(witnesses).headers == {"x-a": "1", "x-b": "2"}
    refused = agreed(witnesses, "/", "https", client="203.0.113.9")
    assert refused.status == 403
    assert refused.headers["x-a"] == "1"
    assert "x-b" not in refused.headers
    assert agreed(witnesses, "/api").headers == {"x-a": "1", "x-b": "2"}


def test_request_headers() -> None:
    snippet = (
        'proxy_set_header X-A "b c"; proxy_set_header X-B ""; more_set_input_headers "X-C: 1";'
        "more_clear_input_headers X-D; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection 'upgrade';"
    )
    expected = {"x-a": "b c", "x-b": "", "x-c": "1", "x-d": ""}
    assert agreed(both(snippet)).request_headers == expected
    snippet = 'proxy_set_header X-A "$host:$http_x_tenant";'
    assert agreed(both(snippet), headers={"x-tenant": "7"}).request_headers == {"x-a": f"{HOST}:7"}
    empty = "proxy_set_header X-A $http_x_tenant;"
    assert agreed(both(empty)).request_headers == {"x-a": ""}


RETURNS = [
    ("return 403;", 403, ""),
    ('return 200 "ok";', 200, ""),
    ("return 204;", 204, ""),
    ("return 301 https://b.example.test/x;", 301, "https://b.example.test/x"),
    ("return 302 https://b.example.test$request_uri;", 302, "https://b.example.test/p?q=1"),
    ("return https://b.example.test;", 302, "https://b.example.test"),
    ("return 307 /elsewhere;", 307, f"http://{HOST}/elsewhere"),
]


@pytest.mark.parametrize(("snippet", "status", "location"), RETURNS)
def test_returns_come_before_the_redirect_to_https(snippet: str, status: int, location: str) -> None:
    found = agreed(both(snippet, tls=True), "/p?q=1")
    assert (found.status, found.location, found.backend) == (status, location, "")
    found = agreed(both(server=snippet, tls=True), "/p?q=1")
    assert (found.status, found.location) == (status, location)
    secure = agreed(both(snippet, tls=True), "/p?q=1", "https")
    assert "strict-transport-security" in secure.headers
    assert agreed(both(server=snippet, tls=True), "/api/p", "https").headers == {}


CONDITIONS: list[tuple[str, dict[str, object], dict[str, object]]] = [
    ("$request_method = DELETE", {"method": "DELETE"}, {}),
    ("$request_method !~ ^(GET|HEAD)$", {"method": "POST"}, {}),
    ("$request_uri ~* \\.(js|css)", {"target": "/a.JS?x=1"}, {"target": "/a.html"}),
    ("$request_uri ~ /a", {"target": "/b?c=/a"}, {"target": "/A"}),
    (f"$host = {HOST}", {"scheme": "https"}, {"host": "b.example.test"}),
    ("$scheme = http", {}, {"scheme": "https"}),
    ("$scheme != http", {"scheme": "https"}, {}),
    ("$http_x_debug", {"headers": {"x-debug": "yes"}}, {"headers": {"x-debug": "0"}}),
    ('$http_x_debug = ""', {}, {"headers": {"x-debug": "1"}}),
    ("$http_user_agent ~* bot", {"headers": {"user-agent": "a Bot/1"}}, {"headers": {"user-agent": "curl"}}),
    ("$http_x_debug !~ ^1$", {}, {"headers": {"x-debug": "1"}}),
]


@pytest.mark.parametrize(("condition", "holds", "fails"), CONDITIONS)
def test_conditions(condition: str, holds: dict[str, object], fails: dict[str, object]) -> None:
    for witnesses in (both(f"if ({condition}) {{ return 405; }}"), both(server=f"if ({condition}) {{ return 405; }}")):
        taken = {"target": "/", **holds}
        assert agreed(witnesses, **taken).status == 405  # type: ignore[arg-type]
        left = {"target": "/", **fails}
        if "host" not in left and left != taken:
            assert agreed(witnesses, **left).status != 405 or condition.startswith("$request_method")  # type: ignore[arg-type]


def test_an_if_that_holds_replaces_added_headers_and_keeps_others() -> None:
    snippet = (
        'more_set_headers "X-A: 1"; add_header X-B 2 always;'
        "if ($request_uri ~* \\.js) { expires 1h; add_header X-C 3 always; }"
        "if ($request_method = PUT) { more_set_headers 'X-D: 4'; }"
    )
    witnesses = both(snippet)
    assert agreed(witnesses, "/").headers == {"x-a": "1", "x-b": "+ 2"}
    script = agreed(witnesses, "/a.js").headers
    assert (script["x-a"], script["x-c"], script["cache-control"], script.get("x-b")) == (
        "1",
        "+ 3",
        "max-age=3600",
        None,
    )
    # The last condition that holds counts, not both.
    assert agreed(witnesses, "/a.js", method="PUT").headers == {"x-a": "1", "x-b": "+ 2", "x-d": "4"}


def test_server_headers_are_inherited_unless_a_location_adds_its_own() -> None:
    server = 'more_set_headers "X-S: 1"; add_header X-T 2 always;'
    assert agreed(both(server=server)).headers == {"x-s": "1", "x-t": "+ 2"}
    assert agreed(both("add_header X-U 3 always;", server=server)).headers == {"x-s": "1", "x-u": "+ 3"}
    assert agreed(both('more_set_headers "X-S: 4";', server=server)).headers == {"x-s": "4", "x-t": "+ 2"}
    rooted = both(server=server, tls=True, app_root="/home")
    assert agreed(rooted, "/", "https").headers == {"x-s": "1", "x-t": "2"}


def test_the_oldest_server_snippet_of_a_host_counts_for_all_of_its_namespaces() -> None:
    def with_snippet(text: str, namespace: str, created: str, at: str) -> dict[str, object]:
        named = {"server-snippet": text} if text else {}
        return ingress(HOST, path(at), namespace=namespace, created=created, annotations=named)

    plan = plan_of(
        with_snippet("", "first", "2023-01-01T00:00:00Z", "/a"),
        with_snippet("add_header X-A old always;", "second", "2024-01-01T00:00:00Z", "/b"),
        with_snippet("add_header X-A new always;", "third", "2025-01-01T00:00:00Z", "/c"),
        *(service(namespace=name) for name in ("first", "second", "third")),
        settings=ALLOWED,
    )
    for target in ("/a", "/b", "/c"):
        assert agreed(Witnesses(plan), target).headers == {"x-a": "+ old"}


@pytest.mark.parametrize(
    ("server", "target", "status"),
    [
        ("location ~ ^/(ping|ready) { deny all; return 404; }", "/ready", 404),
        ("location ~ ^/(ping|ready) { deny all; return 404; }", "/api/ready", 0),
        ("location ~* \\.env$ { deny all; }", "/a/.ENV", 403),
        ('location = /status { return 200 "ok"; }', "/status", 200),
        ("location ^~ /private/ { return 403; }", "/private/x", 403),
        ("location /old { return 301 https://b.example.test/; }", "/older", 301),
    ],
)
def test_locations_of_a_server_snippet(server: str, target: str, status: int) -> None:
    assert agreed(both(server=server, tls=False), target).status == status
    assert agreed(both(server=server, tls=True), target, "https").status == status


@pytest.mark.parametrize(
    ("target", "status"),
    [
        # nginx asks for equal paths first, and redirects to a missing slash, before it tries expressions.
        ("/exact.php", 0),
        ("/exact.php?x=/other.php", 0),
        ("/prefix.php", 0),
        ("/prefix.php/x", 403),
        ("/slash.php", 301),
        ("/slash.php/", 0),
        ("/slash.php/x", 403),
        ("/other.php", 403),
        ("/other", 0),
    ],
)
def test_equal_paths_of_rules_come_before_expressions_of_a_server_snippet(target: str, status: int) -> None:
    rules = (
        path("/exact.php", type_="Exact"),
        path("/prefix.php"),
        path("/slash.php/"),
        path("/"),
    )
    snippet = {"server-snippet": "location ~ \\.php { deny all; }"}
    witnesses = Witnesses(plan_of(ingress(HOST, *rules, annotations=snippet), service(), settings=ALLOWED))
    assert agreed(witnesses, target).status == status


@pytest.mark.parametrize(
    ("rules", "client", "status"),
    [
        ("deny 203.0.113.0/24;", "203.0.113.9", 403),
        ("deny 203.0.113.0/24;", "198.51.100.1", 0),
        ("allow 198.51.100.0/24; deny all;", "203.0.113.9", 403),
        ("allow 198.51.100.0/24; deny all;", "198.51.100.9", 0),
        ("deny 198.51.100.7; allow 198.51.100.0/24; deny all;", "198.51.100.7", 403),
        ("deny all;", "198.51.100.7", 403),
    ],
)
def test_address_rules(rules: str, client: str, status: int) -> None:
    assert agreed(both(rules), client=client).status == status
    assert agreed(both(server=rules), client=client).status == status


def test_the_configmap_has_snippets_too() -> None:
    settings = {
        "http-snippet": 'more_set_headers "X-H: 1";',
        "server-snippet": 'more_set_headers "X-S: 1";',
        "location-snippet": "add_header X-L 1 always;",
        "main-snippet": "worker_rlimit_nofile 1024;",
    }
    assert agreed(both(settings=settings)).headers == {"x-h": "1", "x-s": "1", "x-l": "+ 1"}
    plan = both(settings={"http-snippet": "map $uri $a { default 0; }"}).plan
    assert "SETTING-NOT-CONVERTED" in codes_of(plan)


@pytest.mark.parametrize(("sent", "answered"), [({}, "(request id)"), ({"x-request-id": "7"}, "7")])
def test_the_request_id_is_that_of_the_client_where_it_sends_one(sent: dict[str, str], answered: str) -> None:
    assert agreed(both('more_set_headers "Request-Id: $req_id";'), headers=sent).headers == {"request-id": answered}


def test_conditions_count_beside_a_rewrite() -> None:
    written = "if ($request_uri ~* [.](js|css)) { add_header X-A 1 always; }"
    witnesses = both(written, rewrite_target="/new")
    assert agreed(witnesses, "/api/a.js").headers == {"x-a": "+ 1"}
    assert agreed(witnesses, "/api/a.js").upstream_target == "/new"
    assert agreed(witnesses, "/api/").headers == {}


def test_what_nginx_does_anyway_is_no_obstacle() -> None:
    assert agreed(both(server="proxy_ssl_verify off;")).backend == "shop/web:80"


HELD_BACK = [
    "proxy_pass http://elsewhere;",
    "content_by_lua_block { ngx.say(1) }",
    "more_set_headers 'X-A: $upstream_addr';",
    "add_header X-A $request_time;",
    'more_set_headers "X-A: 1"; auth_basic off;',
    "proxy_read_timeout 5;",
    "more_set_headers 'X-A: $http_x_forwarded_proto';",
    "if ($http_x_forwarded_proto = http) { return 403; }",
    "if ($http_x_request_id) { return 403; }",
    "proxy_ssl_verify on;",
    "proxy_set_header Host b.example.test;",
    "proxy_set_header X-Forwarded-Proto https;",
    "return 444;",
    "rewrite ^/a /b break;",
    "if ($args ~ a) { return 403; }",
    "if ($request_uri ~ (?=a)) { return 403; }",
    "if ($request_uri ~ a) { proxy_pass http://b; }",
    "allow 10.0.0.0/8; deny 10.0.0.1; deny all;",
    "return 403",
    "} location /x {",
    "include /etc/passwd;",
    "more_set_headers -t text/html 'X-A: 1';",
]


@pytest.mark.parametrize("snippet", HELD_BACK)
def test_what_has_no_equal_holds_the_host_back(snippet: str) -> None:
    plan = both(snippet).plan
    assert not plan.conversion.verdicts[HOST].moves
    assert codes_of(plan, HOST) == ["SNIPPET-NOT-CONVERTED"]
    (found,) = [item for item in plan.conversion.findings if item.code == "SNIPPET-NOT-CONVERTED"]
    assert found.message.startswith("directive '")


@pytest.mark.parametrize(
    "server",
    [
        "location / { return 302 /x; }",
        "location = /api/ { return 200; }",
        "location ~ x { proxy_pass http://b; }",
        "location /ap { return 403; }",
        "location /a { if ($http_x) { return 403; } return 404; }",
        "return 301 /$namespace;",
        "if ($host ~ a) { return 403; }",
    ],
)
def test_server_snippets_without_an_equal(server: str) -> None:
    assert codes_of(both(server=server).plan, HOST) == ["SNIPPET-NOT-CONVERTED"]


def test_snippets_count_only_where_the_controller_takes_them() -> None:
    snippet = {"configuration-snippet": 'more_set_headers "X-A: 1";'}
    objects = (ingress(HOST, annotations=snippet), service())
    refused = plan_of(*objects)
    assert HOST not in refused.conversion.verdicts
    assert "INGRESS-NOT-SERVED" in codes_of(refused)
    removed = plan_of(*objects, settings={"annotations-risk-level": "Critical"})
    assert codes_of(removed, HOST) == ["SNIPPET-IGNORED"]
    assert agreed(Witnesses(removed)).headers == {}


def test_no_value_becomes_a_part_of_a_program() -> None:
    hostile = "]] os.execute('x') %REQ(:PATH)%"
    plan = both(f'more_set_headers "X-A: {hostile}"; proxy_set_header X-B "$host {hostile}";').plan
    programs = [
        patch["patch"]["value"]["typed_config"]["default_source_code"]["inline_string"]
        for obj in objects_of(plan, "EnvoyFilter")
        for patch in obj["spec"]["configPatches"]
        if "default_source_code" in patch["patch"]["value"].get("typed_config", {})
    ]
    assert len([text for text in programs if "local function variable" in text]) == 2
    assert not any("execute" in text for text in programs)
    assert "execute" not in str(routes_of(plan, HOST))
    assert agreed(Witnesses(plan)).headers == {"x-a": hostile}


@pytest.mark.parametrize(
    ("server", "target", "largest"),
    [
        # Before nginx has a location it looks at no size; a location of a snippet has nginx's own limit of 1m.
        ("return 403;", "/x", None),
        ("if ($http_x = a) { return 403; }", "/x", None),
        ("location ~ /x { deny all; }", "/x", 1024 * 1024),
        ("location = /y { return 204; }", "/y", 1024 * 1024),
        ("location = /y { return 204; }", "/z", 10 * 1024 * 1024),
    ],
)
def test_sizes_of_bodies_are_looked_at_where_nginx_does(server: str, target: str, largest: int | None) -> None:
    snippets = {"server-snippet": server, "proxy-body-size": "10m"}
    witnesses = Witnesses(plan_of(ingress(HOST, annotations=snippets), service(), settings=ALLOWED))
    for length in (1, 1024 * 1024 + 1, 10 * 1024 * 1024, 10 * 1024 * 1024 + 1):
        request = {"headers": {"x": "a"}, "method": "POST", "body_length": length}
        found = witnesses.nginx(HOST, target, **request)
        assert (found.status == 413) is (largest is not None and length > largest)
        assert witnesses.disagreements(HOST, target, **request) == []
