# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tenants write reaches curl as a value or not at all: the real curl is the judge."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.curl import Curl
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.curl_config import (
    Timeouts,
    configuration,
    quoted,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.errors import UnsendableError
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.planes import Plane
from ansible_collections.sealos.istio_migration.plugins.module_utils._proof.probes import Probe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOBODY = Plane("nginx", {"http": "127.0.0.1:1", "https": "127.0.0.1:1"})
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

# Few letters, many signs that mean something to curl, to its configuration file, or to HTTP.
SIGNS = "\"\\'%{}@#=:;,-&?/ \t\n\r\v\x00\x01\x1b\x7f\x85\u2028éß😀ab0nt"
NASTY = st.one_of(
    st.text(st.sampled_from(SIGNS), max_size=40),
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.sampled_from(
        ["@/etc/passwd", "-o/tmp/x", "--next", '"\nurl = "http://127.0.0.2/', "\\", '\\"', "%{json}", "next"]
    ),
)
MANY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def probe(**fields: Any) -> Probe:
    """Return a harmless probe with some fields changed."""
    plain: dict[str, Any] = {
        "id": "0123456789abcdef",
        "server": "a.example.test",
        "host": "a.example.test",
        "scheme": "http",
        "method": "GET",
        "target": "/",
        "headers": (),
        "why": "path",
    }
    return Probe(**{**plain, **fields})


def header_values(request: bytes, name: str) -> list[bytes]:
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return [line.partition(b": ")[2] for line in lines if line.lower().startswith(name.encode() + b":")]


@MANY
@given(texts=st.lists(NASTY, min_size=1, max_size=20))
def test_quoted_text_arrives_as_it_was(texts: list[str], serve: Callable[..., Any]) -> None:
    """As the body of a POST, where every byte counts."""
    server = serve(lambda *_: EMPTY)
    sent = []
    transfers = []
    for text in texts:
        try:
            value = quoted(text)
        except UnsendableError:
            assert "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text)
            continue
        sent.append(text.encode())
        transfers.append(f'silent\nurl = "http://{server.address}/"\ndata-raw = {value}\noutput = "/dev/null"\n')
    done = subprocess.run(
        ["curl", "--disable", "--config", "-"],
        input="next\n".join(transfers).encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    if sent:
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert [request.partition(b"\r\n\r\n")[2] for request in server.requests] == sent


@MANY
@given(values=st.lists(st.tuples(NASTY, NASTY), min_size=1, max_size=20))
def test_probes_with_nasty_values_arrive_as_they_are_or_are_refused(
    values: list[tuple[str, str]], serve: Callable[..., Any]
) -> None:
    server = serve(lambda *_: EMPTY)
    nginx = Plane("nginx", {"http": server.address, "https": server.address})
    good, problems = [], []
    for number, (target, value) in enumerate(values):
        one = probe(id=f"{number:016x}", target=f"/{target}", headers=(("x-value", value),))
        try:
            configuration([one], nginx, Path("/nowhere"), Timeouts())
            good.append(one)
        except UnsendableError as error:
            problems.append((one.id, str(error)))
    assert all(name in text and "\n" not in text for name, text in problems)
    replies = Curl().ask(nginx, good)
    assert [reply.status for reply in replies.values()] == [200] * len(good)
    received = {header_values(request, "x-migration-probe")[0].decode(): request for request in server.requests}
    assert set(received) == {one.id for one in good}
    for one in good:
        request = received[one.id]
        assert request.startswith(b"GET " + one.target.encode() + b" HTTP/1.1\r\n")
        assert header_values(request, "x-value") == [dict(one.headers)["x-value"].encode()]
        assert header_values(request, "host") == [b"a.example.test"]
        assert len(request.partition(b"\r\n\r\n")[0].split(b"\r\n")) == 7


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"host": "-oevil"}, "is no DNS name"),
        ({"host": "a.example.test\n"}, "is no DNS name"),
        ({"host": "user@a.example.test"}, "is no DNS name"),
        ({"host": "*.example.test"}, "is no DNS name"),
        ({"host": "bücher.example"}, "is no DNS name"),
        ({"scheme": "file"}, "its scheme is 'file'"),
        ({"method": "DELETE"}, "its method is 'DELETE'"),
        ({"target": "a"}, "its target is no path"),
        ({"target": "/a b"}, "its target is no path"),
        ({"target": "/a\r\nHost: evil"}, "its target is no path"),
        ({"target": "/é"}, "its target is no path"),
        ({"target": "/" + "a" * 8001}, "its target is longer than 8000 bytes"),
        ({"headers": (("origin", "a\r\nx: y"),)}, "header 'origin' holds a control character"),
        ({"headers": (("origin", "a\0"),)}, "header 'origin' holds a control character"),
        ({"headers": (("origin", " a"),)}, "header 'origin' begins or ends with white space"),
        ({"headers": (("origin", "a" * 8001),)}, "header 'origin' is longer"),
        ({"headers": (("@/etc/passwd", "a"),)}, "'@/etc/passwd' is no header name"),
        ({"headers": (("x: y\n", "a"),)}, "is no header name"),
        ({"headers": (("host", "evil"),)}, "header host is set by the runner"),
    ],
)
def test_what_cannot_be_sent_is_an_error_that_names_the_probe(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(UnsendableError) as caught:
        configuration([probe(**fields)], NOBODY, Path("/nowhere"), Timeouts())
    assert problem in str(caught.value)
    assert str(caught.value).startswith("probe 0123456789abcdef (")
    assert "\n" not in str(caught.value)


def test_text_that_no_configuration_holds_is_refused() -> None:
    for text in ("a\0b", "\ud800", "a" * 70_000):
        with pytest.raises(UnsendableError) as caught:
            quoted(text)
        assert len(str(caught.value)) < 200


def test_a_folder_with_signs_in_its_name_is_no_problem(
    plane: Callable[..., Plane], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / 'a "b" \\c'
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    nginx = plane(lambda *_: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    reply = Curl().ask(nginx, [probe()])["0123456789abcdef"]
    assert (reply.status, reply.body_length) == (200, 2)
    assert not any(folder.iterdir())
