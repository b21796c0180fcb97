# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan on disk: deterministic bytes, and nobody changes it unnoticed (design.md, rule 5 and The plan on disk)."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import Bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Acceptance, Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.release import VERSION
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import (
    PlanError,
    StoredPlan,
    read_plan,
    write_plan,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import make_plan

from manifests import bundle, certificate, ingress, path, service
from plans import plan_of


def cluster(seed: int | None = None) -> Bundle:
    """Return a cluster of several units, held back and doubled things included, in an order of its own."""
    objects = [
        ingress("a.example.test", path("/", "web"), path("/b", "api", "http"), namespace="a", tls="cert"),
        ingress("a.example.test", path("/c", "web"), namespace="b", annotations={"enable-cors": "true"}),
        ingress("*.w.example.test", namespace="c", tls="wild"),
        ingress("x.w.example.test", namespace="d", annotations={"whitelist-source-range": "10.0.0.0/8"}),
        ingress("held.example.test", namespace="e", annotations={"enable-modsecurity": "true", "nginx-typo": "1"}),
        ingress("twice.example.test", namespace="f", name="twice"),
        ingress("twice.example.test", namespace="f", name="twice"),
        ingress("torn.example.test", namespace="g", name="torn"),
        ingress("torn.example.test", path("/other"), namespace="g", name="torn"),
        ingress("grpc.example.test", namespace="g", annotations={"backend-protocol": "GRPC"}),
        *(service("web", name) for name in "abcdefg"),
        service("api", "a", [{"port": 81, "name": "http"}]),
        service("web", "g", [{"port": 81}]),
    ]
    certificates = [
        certificate("a.example.test", namespace="a"),
        certificate("*.w.example.test", namespace="c", secret="wild"),
        certificate("*.w.example.test", namespace="d", secret="wild"),
    ]
    if seed is not None:
        shuffle = random.Random(seed).shuffle  # noqa: S311 - orders of a test
        shuffle(objects)
        shuffle(certificates)
    return bundle(*objects, certificates=certificates)


def contents(directory: Path) -> dict[str, bytes]:
    return {str(item.relative_to(directory)): item.read_bytes() for item in directory.rglob("*") if item.is_file()}


@pytest.fixture(name="stored")
def fixture_stored(tmp_path: Path) -> StoredPlan:
    return write_plan(make_plan(cluster(), Options()), tmp_path)[0]


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_the_input_changes_no_byte(stored: StoredPlan, tmp_path: Path, seed: int) -> None:
    other, new = write_plan(make_plan(cluster(seed), Options()), tmp_path / "other")
    assert new
    assert other.id == stored.id
    assert contents(other.directory) == contents(stored.directory)


def test_what_is_in_a_plan(stored: StoredPlan) -> None:
    index = stored.index
    assert stored.directory.name == stored.short_id == stored.id[:12]
    assert index["release"] == VERSION
    assert [unit["name"] for unit in index["units"]] == ["a.and-1-more", "c", "d", "e", "f", "g"]
    assert {unit["name"]: unit["wave"] for unit in index["units"]}["e"] == 0
    assert index["counts"]["ingresses"] == 8
    assert index["counts"]["moving"] + index["counts"]["held_back"] == index["counts"]["hosts"]
    hosts = {line["host"]: line for line in stored.hosts()}
    assert hosts["held.example.test"]["held_back_by"] == ["FIREWALL-LOST"]
    assert hosts["a.example.test"]["namespaces"] == ["a", "b"]
    assert hosts["x.w.example.test"]["certificate"] == {"nginx": "*.w.example.test", "istio": "*.w.example.test"}
    assert {item["code"] for item in stored.findings()} >= {
        "CONFLICTING-OBJECT",
        "DUPLICATE-OBJECT",
        "UNKNOWN-ANNOTATION",
    }


def test_each_unit_that_moves_has_resources_and_no_other(stored: StoredPlan) -> None:
    moving = {unit["name"] for unit in stored.index["units"] if unit["wave"]}
    names = {name for name in stored.index["files"] if name.startswith("resources/")}
    assert names == {f"resources/{name}.json" for name in moving | {"shared.gateway"}}
    for name in moving:
        assert stored.unit(name)["unit"] == name
        assert stored.digest_of(name)
    assert stored.digest_of("e") == ""
    with pytest.raises(PlanError, match=r"resources/e\.json is no file of plan"):
        stored.unit("e")


def test_no_private_key_and_no_secret_stands_in_a_plan(stored: StoredPlan) -> None:
    for name in stored.index["files"]:
        assert b"tls.key" not in (stored.directory / name).read_bytes()


def test_the_same_plan_is_written_once(stored: StoredPlan) -> None:
    before = {item: item.stat().st_mtime_ns for item in stored.directory.rglob("*")}
    again, new = write_plan(make_plan(cluster(), Options()), stored.directory.parent)
    assert (again.id, new) == (stored.id, False)
    assert {item: item.stat().st_mtime_ns for item in stored.directory.rglob("*")} == before
    assert [item.name for item in stored.directory.parent.iterdir()] == [stored.short_id]


@pytest.mark.parametrize(
    "options",
    [
        Options(gateway_namespace="edge"),
        Options(gateway_selector={"istio": "edge"}),
        Options(traffic_policy="Cluster"),
        Options(cluster_domain="k8s.test"),
        Options(accept=(Acceptance("AUTH", reason="x"),)),
        Options(namespaces=("a",)),
        Options(waves=(("g",),)),
        Options(wave_hosts=1),
    ],
)
def test_every_option_changes_the_plan(stored: StoredPlan, tmp_path: Path, options: Options) -> None:
    assert write_plan(make_plan(cluster(), options), tmp_path / "other")[0].id != stored.id


def test_only_selected_units_have_resources(tmp_path: Path) -> None:
    stored, _ = write_plan(make_plan(cluster(), Options(namespaces=("g",))), tmp_path)
    names = {name for name in stored.index["files"] if name.startswith("resources/")}
    assert names == {"resources/g.json", "resources/shared.gateway.json"}


def test_a_plan_without_waves_wants_nothing(tmp_path: Path) -> None:
    stored, _ = write_plan(plan_of(), tmp_path)
    assert stored.index["waves"] == []
    assert not any(name.startswith("resources/") for name in stored.index["files"])


@pytest.mark.parametrize("name", ["resources/g.json", "hosts.jsonl", "findings.jsonl"])
def test_a_changed_or_missing_file_is_noticed_with_what_to_do(stored: StoredPlan, name: str) -> None:
    def read() -> Any:
        plan = read_plan(stored.directory)
        return [plan.unit("g"), list(plan.hosts()), list(plan.findings())]

    read()
    with (stored.directory / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(PlanError, match=rf"{name} was changed after conversion; remove .* and convert again"):
        read()
    (stored.directory / name).unlink()
    with pytest.raises(PlanError, match=rf"{name} is missing; remove .* and convert again"):
        read()


@pytest.mark.parametrize("field", ["units", "waves", "options", "files", "release", "counts", "id"])
def test_a_changed_index_is_noticed(stored: StoredPlan, field: str) -> None:
    for change in ("replaced", "removed"):
        index = json.loads((stored.directory / "plan.json").read_text(encoding="utf-8"))
        index.update({field: "x"}) if change == "replaced" else index.pop(field)
        (stored.directory / "plan.json").write_text(json.dumps(index), encoding="utf-8")
        with pytest.raises(PlanError, match=r"plan\.json was changed after conversion; remove .* and convert again"):
            read_plan(stored.directory)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 2}', "\xff", '{"format": 1}', "[" * 100000])
def test_what_is_no_index_is_one_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(PlanError, match=r"plan\.json .*convert"):
        read_plan(tmp_path)


def test_a_folder_without_an_index_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="holds no plan"):
        read_plan(tmp_path)


def test_a_plan_that_was_tampered_with_is_not_taken_for_the_one_just_made(stored: StoredPlan) -> None:
    (stored.directory / "plan.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PlanError):
        write_plan(make_plan(cluster(), Options()), stored.directory.parent)
    assert [item.name for item in stored.directory.parent.iterdir()] == [stored.short_id]


def test_a_plan_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    parent = tmp_path / "plans"
    parent.mkdir()
    plan = make_plan(cluster(), Options())
    plan.bundle.cluster = "\ud800"
    with pytest.raises(UnicodeEncodeError):
        write_plan(plan, parent)
    assert list(parent.iterdir()) == []
