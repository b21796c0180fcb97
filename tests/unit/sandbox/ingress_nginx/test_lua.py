# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our Lua does what the libraries of the same names document, in Debian's nginx."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SHIMS = Path(__file__).resolve().parents[3] / "sandbox/images/ingress_nginx/lua"
MODULES = Path("/usr/lib/nginx/modules")
NGINX = Path("/usr/sbin/nginx")

CONFIGURATION = """
load_module {modules}/ndk_http_module.so;
load_module {modules}/ngx_http_lua_module.so;
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr notice;
events {{}}
http {{
    lua_package_path "{shims}/?.lua;;";
    lua_shared_dict locks 1m;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen unix:{folder}/socket;
        client_body_buffer_size 64k;
        location / {{
            content_by_lua_block {{
                ngx.req.read_body()
                local chunk, problem = loadstring(ngx.req.get_body_data())
                local result = chunk and {{ chunk() }} or {{ problem }}
                ngx.say(require("cjson").encode({{ result = result }}))
            }}
        }}
    }}
}}
"""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(str(self.path))


@dataclass(frozen=True, slots=True)
class Lua:
    """An nginx that runs the Lua it is sent."""

    socket: Path

    def request(self, code: str, **headers: str) -> tuple[Any, list[str]]:
        """Return what the code returns, and the cookies it set."""
        with contextlib.closing(UnixConnection(self.socket)) as connection:
            connection.request("POST", "/", body=code, headers=headers)
            answer = connection.getresponse()
            body = answer.read().decode()
            assert answer.status == 200, body
            return json.loads(body)["result"], answer.headers.get_all("Set-Cookie", [])

    def run(self, code: str) -> Any:
        return self.request(code)[0]


@pytest.fixture(scope="module")
def lua(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lua]:
    if not NGINX.exists() or not (MODULES / "ngx_http_lua_module.so").exists():
        pytest.skip("Debian's nginx-light with libnginx-mod-http-lua is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(modules=MODULES, folder=folder, shims=SHIMS))
    command = [str(NGINX), "-p", str(folder), "-c", str(configuration), "-e", "stderr"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"LC_ALL": "C"}) as nginx:
        try:
            wait_until_listening(nginx)
            yield Lua(folder / "socket")
        finally:
            nginx.terminate()
            nginx.communicate(timeout=10)


def wait_until_listening(nginx: subprocess.Popen[str]) -> None:
    """nginx names its event method when its sockets are open; the end of its output means that it ended."""
    assert nginx.stderr is not None
    seen = []
    for line in nginx.stderr:
        seen.append(line)
        if 'using the "epoll" event method' in line:
            return
    pytest.fail("nginx did not start: " + "".join(seen))


COOKIES = 'local cookie = require("resty.cookie"):new() '


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("route=abc|def", "abc|def"),
        ("a=1; route=x; b=2", "x"),
        (" route = x ;b=2", "x"),
        ("router=1; route=x==", "x=="),
        ("route=", ""),
        ("Route=upper; xroute=1", None),
    ],
)
def test_cookie_is_read(lua: Lua, header: str, value: str | None) -> None:
    result, _ = lua.request(COOKIES + 'return (cookie:get("route"))', Cookie=header)
    assert (result[0] if result else None) == value


def test_no_cookie_is_told(lua: Lua) -> None:
    assert lua.run(COOKIES + 'return select(2, cookie:get("route"))') == ["no cookie found in the current request"]


def test_cookie_is_set_with_its_attributes_in_order(lua: Lua) -> None:
    result, cookies = lua.request(
        COOKIES + 'return cookie:set{key="r", value="v", expires="Thu, 01 Jan 2032 00:00:00 GMT", max_age=60, '
        'domain="example.test", path="/a", secure=true, httponly=true, samesite="Lax"}'
    )
    assert result == [True]
    assert cookies == [
        "r=v; Expires=Thu, 01 Jan 2032 00:00:00 GMT; Max-Age=60; Domain=example.test; Path=/a; Secure; HttpOnly; "
        "SameSite=Lax"
    ]


def test_cookies_that_are_there_stay_and_the_same_one_is_not_set_twice(lua: Lua) -> None:
    result, cookies = lua.request(
        'ngx.header["Set-Cookie"] = "other=1" '
        + COOKIES
        + 'cookie:set{key="r", value="v", secure=false} cookie:set{key="r", value="v"} '
        'return select(2, cookie:set{key="r"})'
    )
    assert cookies == ["other=1", "r=v"]
    assert result == ['a cookie needs "key" and "value"']


ROUND_ROBIN = 'local nodes = require("resty.roundrobin"):new(%s) '


def test_round_robin_gives_each_node_its_weight(lua: Lua) -> None:
    picks = lua.run(ROUND_ROBIN % '{ ["a:1"] = 1, ["b:1"] = 3 }' + picks_of("nodes:find()", 40))[0]
    assert (picks.count("a:1"), picks.count("b:1")) == (10, 30)


def test_round_robin_takes_turns(lua: Lua) -> None:
    picks = lua.run(ROUND_ROBIN % '{ ["a:1"] = 1, ["b:1"] = 1, ["c:1"] = 1 }' + picks_of("nodes:find()", 9))[0]
    assert picks[:3] == picks[3:6] == picks[6:]
    assert sorted(picks[:3]) == ["a:1", "b:1", "c:1"]


@pytest.mark.parametrize("library", ["resty.roundrobin", "resty.chash"])
def test_nodes_are_copied_and_replaced(lua: Lua, library: str) -> None:
    result = lua.run(
        f'local given = {{ ["a:1"] = 1 }} local balancer = require("{library}"):new(given) given["b:1"] = 1 '
        'local first = balancer:find("key") local known = balancer.nodes["b:1"] == nil '
        'balancer:reinit({ ["c:1"] = 1 }) return first, known, balancer:find("key"), balancer.nodes["a:1"] == nil'
    )
    assert result == ["a:1", True, "c:1", True]


@pytest.mark.parametrize("library", ["resty.roundrobin", "resty.chash"])
def test_no_nodes_are_an_error(lua: Lua, library: str) -> None:
    assert lua.run(f'return select(2, require("{library}"):new({{}}):find("key"))') == ["there are no nodes"]


def picks_of(call: str, count: int) -> str:
    """Lua that returns a list of what `call` gives, `number` counting from 1."""
    return f"local picks = {{}} for number = 1, {count} do picks[number] = {call} end return picks"


def nodes_of(count: int) -> str:
    return "{" + ", ".join(f'["10.0.0.{number}:80"] = 1' for number in range(1, count + 1)) + "}"


def test_hashing_keeps_keys_and_moves_few_when_a_node_goes(lua: Lua) -> None:
    ring = 'local ring = require("resty.chash"):new(%s) '
    find = picks_of('ring:find("user" .. number)', 4000)
    five, again, four = (lua.run(ring % nodes_of(count) + find)[0] for count in (5, 5, 4))
    assert five == again
    shares = [five.count(node) / 4000 for node in set(five)]
    assert len(shares) == 5
    assert 0.14 < min(shares) < max(shares) < 0.26
    moved = [pair for pair in zip(five, four, strict=True) if pair[0] != pair[1]]
    assert {before for before, _ in moved} == {"10.0.0.5:80"}
    assert len({after for _, after in moved}) == 4


def test_hashing_regards_weights(lua: Lua) -> None:
    find = picks_of("ring:find(number)", 4000)
    picks = lua.run('local ring = require("resty.chash"):new({ ["a:1"] = 1, ["b:1"] = 3 }) ' + find)[0]
    assert 0.7 < picks.count("b:1") / 4000 < 0.8


LOCK = 'local new = function() return require("resty.lock"):new("locks", { timeout = 0, exptime = 0.1 }) end '


def test_lock_excludes_others_until_it_is_released(lua: Lua) -> None:
    result = lua.run(
        LOCK + "local one, two = new(), new() local waited = one:lock('key') local _, busy = two:lock('key') "
        "local _, mine = one:lock('other') local released = one:unlock() local _, twice = one:unlock() "
        "local after = two:lock('key') two:unlock() return waited, busy, mine, released, twice, after"
    )
    assert result == [0, "timeout", "locked", 1, "unlocked", 0]


def test_lock_expires(lua: Lua) -> None:
    result = lua.run(
        LOCK
        + "new():lock('left') ngx.sleep(0.15) local two = new() local got = two:lock('left') two:unlock() return got"
    )
    assert result == [0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('"nowhere", { timeout = 0 }', "dictionary not found"),
        ('"locks"', 'set "timeout" to 0'),
        ('"locks", { timeout = 5 }', "waiting"),
    ],
)
def test_lock_refuses_what_it_cannot_do(lua: Lua, arguments: str, message: str) -> None:
    assert message in lua.run(f'return select(2, require("resty.lock"):new({arguments}))')[0]


@pytest.mark.parametrize(
    "code",
    [
        'return select(2, require("resty.http").new():parse_uri("http://ocsp.example.test"))',
        'return select(2, require("resty.ipmatcher").new({ "10.0.0.0/8" }))',
        'return select(2, require("resty.global_throttle").new("ns", 1, 1, {}))',
    ],
)
def test_what_is_not_supported_says_so(lua: Lua, code: str) -> None:
    assert "not supported" in lua.run(code)[0]


def test_resolver_is_debians(lua: Lua) -> None:
    assert lua.run('local resolver = require("resty.dns.resolver") return resolver.TYPE_A, resolver.TYPE_AAAA') == [
        1,
        28,
    ]


def test_every_file_says_why_it_is_here() -> None:
    for path in sorted(SHIMS.rglob("*.lua")):
        head = path.read_text().split("\n\n")[1]
        assert re.match(r"-- .*", head), path
        assert re.search(r"Debian", head), path
