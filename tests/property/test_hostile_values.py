# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No value of a tenant becomes code, a format string, a file name or markup (design.md, rule 12)."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.lua import (
    body_limit,
    error_pages,
    external_auth,
    request_headers,
    response_headers,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.catalogue import ANNOTATIONS
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import write_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan, make_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._report.quoting import markdown_text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generated.annotations import VALUES
from manifests import bundle, certificate, ingress, path, service

_PROGRAMS = {module.PROGRAM for module in (body_limit, error_pages, external_auth, request_headers, response_headers)}
_FORMATTERS = re.compile(
    r"%%|%REQ\([A-Za-z0-9:_.-]+(?:\?[A-Za-z0-9:_.-]+)?\)%|%DOWNSTREAM_[A-Z0-9_]+%|%CEL\([^%]*\)%|%RESPONSE_CODE%"
)
_FILE_NAME = re.compile(r"[A-Za-z0-9./_-]+")
_NASTY = (
    "'\"", "]]", "\n", "\r\nX-Evil: 1", "\x00", "%", "%REQ(X-EVIL)%", "%%", "../../etc/passwd", "-o/x", "--config=x",
    "\x1b[31mred", "# h", "[x](javascript:1)", "<script>alert(1)</script>", "|a|b|", "{{ 1 + 1 }}", "${jndi}", "`id`",
    "$(id)", ";", "}", "\\", "\\1", "(?i)", "(a+)+$", "a" * 10_000, "é😀", "true", "0",
)  # fmt: skip
_SETTINGS = {"annotations-risk-level": "Critical", "allow-snippet-annotations": "true"}

nasty = st.lists(st.sampled_from(_NASTY) | st.text(max_size=8), min_size=1, max_size=3).map("".join)


@st.composite
def hostile_plans(draw: Any) -> Plan:
    """The plan of one Ingress with nasty values, some of them beside ordinary ones."""
    annotations = {name: draw(nasty) for name in draw(st.lists(st.sampled_from(sorted(ANNOTATIONS)), max_size=4))}
    for name in draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=3)):
        annotations[name] = VALUES[name][0] + draw(st.just("") | nasty)
    host = draw(st.just("a.example.test") | nasty)
    paths = [path("/"), path(draw(st.just("/x") | nasty.map(lambda text: "/" + text)))]
    return make_plan(
        bundle(
            ingress(host, *paths, annotations=annotations, tls=draw(st.none() | st.just("cert") | nasty)),
            # With a backend of its own: what an Ingress says of its upstream, others of the same upstream share.
            ingress("b.example.test", path("/", "other"), name="neighbour"),
            service(),
            service("other"),
            certificates=[certificate("a.example.test")],
            settings=_SETTINGS,
        ),
        Options(format="yaml"),
    )


def texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of an object with the name of the field that holds it."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from texts(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, key)
    elif isinstance(value, str):
        yield key, value


def _check(plan: Plan) -> None:
    assert plan.conversion.verdicts["b.example.test"].moves, "the neighbour is never dropped"
    for unit in plan.resources():
        for obj in unit.objects:
            assert {text for key, text in texts(obj) if key == "inline_string" and "function" in text} <= _PROGRAMS
            if obj["kind"] == "VirtualService":
                for route in obj["spec"]["http"]:
                    for __, text in texts(route.get("headers", {})):
                        assert "%" not in _FORMATTERS.sub("", text), text
                        assert not re.search(r"[\r\n\x00]", text), text
    with tempfile.TemporaryDirectory() as folder:
        stored, __ = write_plan(plan, Path(folder))
        for file in stored.directory.rglob("*"):
            assert _FILE_NAME.fullmatch(str(file.relative_to(folder)))
    for item in plan.conversion.findings:
        shown = markdown_text(item.message)
        assert not re.search(r"[\x00-\x1f\x7f]", shown)
        assert not re.search(r"(?<!\\)<[a-z/!]", shown)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(hostile_plans())
def test_hostile_values_come_out_inert(plan: Plan) -> None:
    _check(plan)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(hostile_plans())
def test_ten_thousand_of_them(plan: Plan) -> None:
    _check(plan)
