# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever stands in manifests is converted, or told; it never stops or changes what stands beside it (design.md)."""

from __future__ import annotations

import copy
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import Bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.files import (
    BundleError,
    read_bundle,
    write_bundle,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.manifests import bundle_of
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.certificates import read_certificate
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.secret_facts import read_facts
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.digests import (
    canonical_json,
    digest,
    sha256_hex,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._manifest_files import documents
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import Plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._search.search import searched_plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generated.annotations import VALUES
from generated.choices import Choices, some
from generated.drawn import DrawnChoices
from manifests import Object, backend, bundle, ingress, ingress_class, path, service
from whole_path import taken_to_its_end

SECONDS = 20
"""Far more than any case takes, on a busy machine, too; a hang takes longer."""

GOOD_HOST = "good.example.test"
GOOD = [
    ingress(GOOD_HOST, path("/"), path("/x", "web", "http", "Exact"), namespace="fine", annotations={"app-root": "/a"}),
    service(namespace="fine"),
    ingress_class(),
]
_DEEP: Any = []
for _ in range(150):
    _DEEP = [_DEEP]
WRONG: tuple[Any, ...] = (
    None, True, 0, -1, 80, 2**31, 2**63, 2**70, 1.5, float("nan"), "", "x", "80", "a/b", "../x", "-o", "\x00", "\ud800",
    "a" * 10_000, "(a+)+$", "/(x+x+)+y", "2024-13-01", "no", [], {}, [None], [[]], {"x": {"y": [None]}}, _DEEP,
)  # fmt: skip


def _bad_objects(choices: Choices) -> list[Object]:
    """Return objects of all kinds that are read; nothing of the good ones depends on them."""
    annotations = {name: VALUES[name][0] for name in some(choices, sorted(VALUES), 4)}
    paths = [path("/"), path("/api(/|$)(.*)"), path("/self", "self"), path("/gone", "gone")]
    metadata = {"name": "cert", "namespace": "shop"}
    return [
        ingress(["bad.example.test", "*.bad.example.test"], *paths, annotations=annotations, tls="cert"),
        ingress("other.bad.example.test", name="other", default=backend("self"), annotations={"auth-secret": "cert"}),
        service(),
        # It leads to itself.
        service("self", type="ExternalName", externalName="self.shop.svc.cluster.local"),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, "name": "headers"}, "data": {"X-A": "b"}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": metadata,
            "data": {"tls.crt": "eA==", "tls.key": "!", "auth": "YTpi"},
        },
        ingress_class("bad"),
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Gateway",
            "metadata": metadata,
            "spec": {"selector": {"istio": "ingress"}, "servers": [{"hosts": ["shop/foreign.example.test"]}]},
        },
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": metadata,
            "spec": {"host": "web.shop.svc.cluster.local"},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {"template": {"spec": {"containers": [{"name": "a", "args": ["x"], "env": [{"name": "A"}]}]}}},
        },
    ]


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything inside ``value``."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in members:
        yield (*place, name)
        yield from _places(item, (*place, name))


def _mutate(choices: Choices, objects: list[Object]) -> None:
    """Replace, delete, double, wrap or exchange one thing somewhere in ``objects``."""
    places = list(_places(objects))
    *way, last = choices.pick(places)
    parent: Any = objects
    for step in way:
        parent = parent[step]
    how = choices.pick(("replace", "replace", "replace", "delete", "double", "wrap", "name", "exchange"))
    if how == "replace":
        parent[last] = choices.pick(WRONG)
    elif how == "delete":
        del parent[last]
    elif how == "double" and isinstance(parent, list):
        parent.append(parent[last])
    elif how == "wrap":
        parent[last] = choices.pick(([parent[last]], {"x": parent[last]}))
    elif how == "name" and isinstance(parent, dict):
        parent[choices.pick(("x", "", "a/b", "\x1b", "hosts", "9"))] = parent.pop(last)
    else:
        *other, name = choices.pick(places)
        source: Any = objects
        try:
            for step in other:
                source = source[step]
            parent[last] = copy.deepcopy(source[name])
        except (KeyError, IndexError, TypeError):
            parent[last] = None


def _as_text(choices: Choices, objects: list[Object]) -> tuple[str, str]:
    """Return the ending of a file and what stands in it."""
    form = choices.pick(("yaml", "json", "list"))
    if form == "yaml":
        return ".yaml", yaml.safe_dump_all(objects)
    if form == "json":
        return ".json", "\n".join(json.dumps(obj) for obj in objects)
    return ".json", json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


@st.composite
def mutated_objects(draw: Any) -> tuple[str, bytes]:
    choices = DrawnChoices(draw)
    objects = _bad_objects(choices)
    for _ in range(1 + choices.number(3)):
        if objects:
            _mutate(choices, objects)
    ending, text = _as_text(choices, objects)
    return ending, text.encode("utf-8", "surrogatepass")


@st.composite
def mutated_bytes(draw: Any) -> tuple[str, bytes]:
    choices = DrawnChoices(draw)
    ending, text = _as_text(choices, _bad_objects(choices))
    content = text.encode()
    for _ in range(1 + choices.number(5)):
        begin = choices.number(len(content))
        end = min(len(content), begin + choices.number(20))
        new = draw(
            st.binary(max_size=6)
            | st.sampled_from(
                (b"\n---\n", b": ", b"- ", b"\t", b"&a ", b"*a", b"<<: *a", b"!!", b"{", b"[", b"'", b"\\u")
            )
            | st.just(content[begin:end] * 2)
        )
        content = content[:begin] + new + content[end:]
    return ending, content


def _plan(folder: Path) -> Plan:
    found = bundle_of("test", documents(folder), read_certificate, read_facts)
    return searched_plan(found, Options(format="yaml", search_requests=30))


def _of_the_good_host(plan: Plan) -> str:
    """Return the objects that the good host's namespace gets."""
    assert plan.conversion.verdicts[GOOD_HOST].moves, "a bad object holds back its neighbour"
    return canonical_json([unit.objects for unit in plan.resources() if unit.unit == "fine"])


def _alone() -> str:
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "good.yaml").write_text(yaml.safe_dump_all(GOOD), encoding="utf-8")
        return _of_the_good_host(_plan(Path(scratch)))


WANTED = _alone()


def _check(ending: str, content: bytes) -> None:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "manifests"
        folder.mkdir()
        (folder / "good.yaml").write_text(yaml.safe_dump_all(GOOD), encoding="utf-8")
        (folder / f"bad{ending}").write_bytes(content)
        plan = _plan(folder)
        assert _of_the_good_host(plan) == WANTED
        outcome = taken_to_its_end(plan, Path(scratch) / "plans")
        assert {line["host"] for line in outcome.stored.hosts()} == set(plan.conversion.verdicts)
        for item in plan.bundle.refusals:
            assert item.problem
            assert item.code in {line["code"] for line in outcome.stored.findings()}
            # What a refused Ingress may share with others is not moved without it.
            for host in item.hosts:
                assert host not in plan.conversion.verdicts or not plan.conversion.verdicts[host].moves
    assert time.monotonic() - started < SECONDS


MANY = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=120, **MANY)
@given(mutated_objects())
def test_mutated_objects_are_told_and_stop_nothing(file: tuple[str, bytes]) -> None:
    _check(*file)


@settings(max_examples=80, **MANY)
@given(mutated_bytes())
def test_mutated_bytes_are_told_and_stop_nothing(file: tuple[str, bytes]) -> None:
    _check(*file)


@pytest.mark.slow
@settings(max_examples=7_000, **MANY)
@given(mutated_objects())
def test_thousands_of_mutated_objects(file: tuple[str, bytes]) -> None:
    _check(*file)


@pytest.mark.slow
@settings(max_examples=3_000, **MANY)
@given(mutated_bytes())
def test_thousands_of_mutated_files(file: tuple[str, bytes]) -> None:
    _check(*file)


@st.composite
def mutated_bundles(draw: Any) -> tuple[Bundle, list[Any], str]:
    """A bundle whose files somebody wrote who knows how they are checked."""
    choices = DrawnChoices(draw)
    found = bundle(*GOOD, *_bad_objects(choices)[:3])
    name = choices.pick(("objects/Ingress.jsonl", "objects/Service.jsonl", "certificates.jsonl", "endpoints.jsonl"))
    lines: list[Any] = [copy.deepcopy(obj) for obj in found.of(Path(name).stem)]
    lines += [{"namespace": "shop", "name": "cert", "names": ["a"], "service": "web"}]
    _mutate(choices, lines)
    return found, lines, choices.pick((name, name, "bundle.json"))


def _rewrite(folder: Path, name: str, lines: list[Any]) -> None:
    index = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    if name == "bundle.json":
        index |= {"controller": lines[0] if lines else None, "files": {"x": lines}}
    else:
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / name).write_text(text, encoding="utf-8")
        index["files"][name] = {"sha256": sha256_hex(text), "lines": len(lines)}
    index["digest"] = digest({key: value for key, value in index.items() if key not in ("captured_at", "digest")})
    (folder / "bundle.json").write_text(json.dumps(index), encoding="utf-8")


@settings(max_examples=100, **MANY)
@given(mutated_bundles())
def test_a_forged_bundle_is_one_error_or_findings(case: tuple[Bundle, list[Any], str]) -> None:
    made, lines, name = case
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bundle"
        write_bundle(made, folder, "")
        _rewrite(folder, name, lines)
        try:
            found = read_bundle(folder)
        except BundleError:
            return
        plan = searched_plan(found, Options(search_requests=30))
        taken_to_its_end(plan, Path(scratch) / "plans")
