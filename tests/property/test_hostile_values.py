# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No value of a tenant becomes code, a format string, an option, a file name or markup (design.md, rule 12)."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Acceptance, Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._findings.codes import CODES
from ansible_collections.sealos.istio_migration.plugins.module_utils._findings.finding import Level
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio import lua
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.hosts import is_host
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.names import is_dns_label
from ansible_collections.sealos.istio_migration.plugins.module_utils._nginx.site import DEFAULT_SERVER
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan, make_plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generated.choices import Choices, chance
from generated.drawn import DrawnChoices
from generated.hostile import hostile_ingress, nasty
from manifests import Object, bundle, certificate, ingress, path, service
from whole_path import Outcome, taken_to_its_end

# Constants of their modules: a program with anything of a tenant in it is none of them.
_PROGRAMS = {
    program
    for module in pkgutil.iter_modules(lua.__path__, f"{lua.__name__}.")
    if (program := getattr(importlib.import_module(module.name), "PROGRAM", None))
}
_FORMATTERS = re.compile(
    r"%%|%REQ\([A-Za-z0-9:_.-]+(?:\?[A-Za-z0-9:_.-]+)?\)%|%DOWNSTREAM_[A-Z0-9_]+%|%CEL\([^%]*\)%|%RESPONSE_CODE%"
)
_FILE_NAME = re.compile(r"[A-Za-z0-9./_-]+")
_FORMATTED = frozenset(("text_format", "inline_string", "value", "prefix_rewrite", "host_redirect", "path_redirect"))
"""Fields of Envoy that may hold format strings; data for Lua programs stands elsewhere."""
_CURL_LINE = re.compile(r"[a-z0-9.-]+|[a-z-]+ = (?:[0-9.]+|\"(?:[^\"\\\n\r]|\\.)*\")")
_CURL_OPTIONS = frozenset(
    (
        *("connect-timeout", "connect-to", "dump-header", "globoff", "head", "header", "http1.1", "http2", "insecure"),
        *("max-time", "next", "noproxy", "output", "path-as-is", "proto", "request", "request-target", "silent", "url"),
        *("user-agent", "write-out"),
    )
)
_ACCEPTED = tuple(Acceptance(code.name) for code in CODES.values() if code.level == Level.CONSENT)
"""The careless operator: everything that can be accepted goes through the conversion."""
_SETTINGS = {
    "annotations-risk-level": "Critical",
    "allow-snippet-annotations": "true",
    "allow-cross-namespace-resources": "true",
    "global-allowed-response-headers": "X-A,X-B",
}


def hostile_plan(choices: Choices) -> Plan:
    """Return the plan of two hostile Ingresses beside a harmless one; what they name is hostile, too."""
    host = "a.example.test" if chance(choices, 70) else nasty(choices)
    names = ("a.example.test", nasty(choices)) if chance(choices, 30) else ("a.example.test",)
    external = "outside.example.test" if chance(choices, 50) else nasty(choices)
    objects: list[Object] = [
        hostile_ingress(choices, host),
        hostile_ingress(choices, "c.example.test", name="second", own="outside"),
        # With a backend of its own: what an Ingress says of its upstream, others of the same upstream share.
        ingress("b.example.test", path("/", "other"), name="neighbour"),
        service(),
        service("other"),
        service("outside", type="ExternalName", externalName=external),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "headers", "namespace": "shop"},
            "data": {"X-A": nasty(choices), "X-B" if chance(choices, 70) else nasty(choices): "b"},
        },
    ]
    if chance(choices, 10):
        objects.append(ingress("d.example.test", name=nasty(choices)))
    if chance(choices, 10):
        objects.append(ingress("d.example.test", path("/", nasty(choices)), name="third", namespace=nasty(choices)))
    accept = _ACCEPTED if chance(choices, 50) else ()
    return make_plan(
        bundle(*objects, certificates=[certificate(*names)], settings=_SETTINGS), Options(format="yaml", accept=accept)
    )


@st.composite
def hostile_plans(draw: Any) -> Plan:
    return hostile_plan(DrawnChoices(draw))


def texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of an object with the name of the field that holds it."""
    if isinstance(value, dict):
        for name, item in value.items():
            # What Lua programs are given is data, and no key of it names a field of Envoy.
            if name != "filter_context":
                yield from texts(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, key)
    elif isinstance(value, str):
        yield key, value


def _check_object(obj: Object) -> None:
    assert is_dns_label(obj["metadata"]["name"])
    assert is_dns_label(obj["metadata"]["namespace"])
    found = list(texts(obj["spec"]))
    assert {text for key, text in found if key == "inline_string" and "function" in text} <= _PROGRAMS
    if obj["kind"] == "VirtualService":
        for route in obj["spec"]["http"]:
            for __, text in texts(route.get("headers", {})):
                assert "%" not in _FORMATTERS.sub("", text), text
                assert not re.search(r"[\r\n\x00]", text), text
    if obj["kind"] == "EnvoyFilter":
        for key, text in found:
            if key in _FORMATTED and text not in _PROGRAMS:
                assert "%" not in _FORMATTERS.sub("", text), (key, text)
    if obj["kind"] == "Gateway":
        for server in obj["spec"]["servers"]:
            for name in server["hosts"]:
                assert name.endswith("/*") or is_host(name.partition("/")[2]), name


def _check_files(outcome: Outcome, folder: Path) -> None:
    for file in outcome.stored.directory.rglob("*"):
        assert _FILE_NAME.fullmatch(str(file.relative_to(folder)))
    units = [outcome.stored.unit(unit["name"]) for unit in outcome.stored.index["units"] if unit["wave"]]
    wanted = [obj for unit in units for obj in unit["objects"]]
    written = [
        yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for file in (outcome.stored.directory / "manifests").rglob("*.yaml")
        if file.name != "kustomization.yaml"
    ]
    assert all(obj in written for obj in wanted), "YAML says the same as JSON"


def _check_curl(outcome: Outcome) -> None:
    for line in outcome.curl.removesuffix("\n").split("\n") if outcome.curl else ():
        assert _CURL_LINE.fullmatch(line), line
        assert line.partition(" ")[0] in _CURL_OPTIONS, line


def _check_for_people(outcome: Outcome) -> None:
    for line in (*outcome.terminal, *outcome.markdown.split("\n")):
        assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in line), line
    columns = 0
    for line in outcome.markdown.split("\n"):
        assert not re.search(r"(?<!\\)<[a-z/!]", line)
        assert not re.search(r"(?<!\\)\]\(", line)
        if line.startswith("|"):
            count = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
            assert count == (columns or count), line
            columns = count
        else:
            columns = 0


def _check(plan: Plan) -> None:
    assert plan.conversion.verdicts["b.example.test"].moves, "the neighbour is never dropped"
    for host, verdict in plan.conversion.verdicts.items():
        # Names of hosts become arguments of openssl.
        assert not verdict.moves or host == DEFAULT_SERVER or is_host(host)
    for unit in plan.resources():
        assert re.fullmatch(r"[a-z0-9.-]+", unit.unit)
        for obj in unit.objects:
            _check_object(obj)
    with tempfile.TemporaryDirectory() as folder:
        outcome = taken_to_its_end(plan, Path(folder))
        _check_files(outcome, Path(folder))
        _check_curl(outcome)
        _check_for_people(outcome)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(hostile_plans())
def test_hostile_values_come_out_inert(plan: Plan) -> None:
    _check(plan)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(hostile_plans())
def test_ten_thousand_of_them(plan: Plan) -> None:
    _check(plan)
