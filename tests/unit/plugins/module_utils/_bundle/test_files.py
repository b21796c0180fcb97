# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundle on disk: all of it or none, checked against its index, equal for equal clusters."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.bundle import Bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.files import (
    BundleError,
    bundle_digest,
    read_bundle,
    verify_bundle,
    write_bundle,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._kube.digests import (
    canonical_json,
    digest,
    sha256_hex,
)

from manifests import bundle, certificate, ingress, service


def sample(**options: Any) -> Bundle:
    objects = [ingress("a.example.test", namespace=namespace, tls="cert") for namespace in ("b", "a")]
    return bundle(*objects, service(namespace="b"), certificates=[certificate("a.example.test")], **options)


@pytest.fixture(name="written")
def fixture_written(tmp_path: Path) -> Path:
    directory = tmp_path / "bundles" / "one"
    write_bundle(sample(), directory, "2024-01-01T00:00:00Z")
    return directory


def test_what_is_written_is_read_back(written: Path) -> None:
    found, given = read_bundle(written), sample()
    assert found.certificates == given.certificates
    assert (found.serving, found.controller) == (given.serving, given.controller)
    assert (found.cluster, found.server_version) == ("test", "v1.36.3")
    assert bundle_digest(found) == bundle_digest(given)
    assert [obj["metadata"]["namespace"] for obj in found.of("Ingress")] == ["a", "b"]


def test_unknown_endpoints_stay_unknown(tmp_path: Path) -> None:
    given = sample()
    given.serving = None
    write_bundle(given, tmp_path / "x", "")
    assert read_bundle(tmp_path / "x").serving is None


def test_a_controller_without_configmap_and_service_is_read_back(tmp_path: Path) -> None:
    given = sample()
    assert given.controller is not None
    given.controller = replace(given.controller, configmap=None, service=None)
    write_bundle(given, tmp_path / "x", "")
    assert read_bundle(tmp_path / "x").controller == given.controller


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("certificates.jsonl", {"namespace": "shop", "name": "cert"}),
        ("certificates.jsonl", {"namespace": "shop", "name": "cert", "names": [], "more": 1}),
        ("certificates.jsonl", {"namespace": "shop", "name": "cert", "names": 5}),
        ("certificates.jsonl", []),
        ("endpoints.jsonl", {"namespace": "shop"}),
        ("objects/Service.jsonl", {"kind": "Pod"}),
        ("objects/Service.jsonl", float("nan")),
        ("bundle.json", {"kind": "Deployment", "namespace": "a", "name": "b"}),
        ("bundle.json", {"kind": "D", "namespace": "a", "name": "b", "image": "", "arguments": [], "service": ["x"]}),
    ],
)
def test_a_forged_file_is_one_error(written: Path, name: str, line: Any) -> None:
    index = json.loads((written / "bundle.json").read_text(encoding="utf-8"))
    if name == "bundle.json":
        index["controller"] = line
    else:
        (written / name).write_text(json.dumps(line) + "\n", encoding="utf-8")
        index["files"][name]["sha256"] = sha256_hex((written / name).read_bytes())
    index["digest"] = digest({key: value for key, value in index.items() if key not in ("captured_at", "digest")})
    (written / "bundle.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(BundleError, match="capture the bundle again"):
        read_bundle(written)


def test_neither_the_order_of_objects_nor_the_time_changes_the_digest(tmp_path: Path) -> None:
    turned = sample()
    turned.objects = {kind: found[::-1] for kind, found in reversed(turned.objects.items())}
    first = write_bundle(sample(), tmp_path / "1", "2024-01-01T00:00:00Z")
    assert write_bundle(turned, tmp_path / "2", "2025-01-01T00:00:00Z") == first == bundle_digest(sample())
    for name in ("objects/Ingress.jsonl", "certificates.jsonl", "endpoints.jsonl"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_content_changes_the_digest() -> None:
    changed = sample()
    changed.objects["Service"][0]["spec"]["ports"][0]["port"] = 81
    assert bundle_digest(changed) != bundle_digest(sample())
    assert bundle_digest(sample(settings={"use-gzip": "true"})) != bundle_digest(sample())


def test_a_bundle_is_never_written_over_another(written: Path) -> None:
    before = sorted(written.rglob("*"))
    with pytest.raises(FileExistsError, match="exists already"):
        write_bundle(sample(), written, "")
    assert sorted(written.rglob("*")) == before
    assert [item.name for item in written.parent.iterdir()] == ["one"]


def test_a_bundle_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    broken = sample()
    broken.objects["Service"][0]["metadata"]["name"] = "\ud800"
    with pytest.raises(UnicodeEncodeError):
        write_bundle(broken, tmp_path / "x", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["objects/Ingress.jsonl", "certificates.jsonl", "endpoints.jsonl"])
def test_a_changed_file_is_noticed(written: Path, name: str) -> None:
    with (written / name).open("ab") as stream:
        stream.write(b"\n")
    with pytest.raises(BundleError, match=rf"{name} was changed after capture; capture the bundle again"):
        read_bundle(written)


def test_a_missing_file_is_noticed(written: Path) -> None:
    (written / "certificates.jsonl").unlink()
    with pytest.raises(BundleError, match=r"certificates\.jsonl is missing"):
        verify_bundle(written)


def test_a_file_too_many_is_noticed(written: Path) -> None:
    (written / "objects" / "Pod.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(BundleError, match=r"Pod\.jsonl does not belong to the bundle"):
        verify_bundle(written)


@pytest.mark.parametrize("field", ["cluster", "controller", "files", "digest", "server_version"])
def test_a_changed_index_is_noticed(written: Path, field: str) -> None:
    for change in ("replaced", "removed"):
        index = json.loads((written / "bundle.json").read_text(encoding="utf-8"))
        index.update({field: "x"}) if change == "replaced" else index.pop(field)
        (written / "bundle.json").write_text(json.dumps(index), encoding="utf-8")
        with pytest.raises(BundleError, match=r"bundle\.json was changed after capture"):
            verify_bundle(written)


def test_when_it_was_captured_is_not_part_of_the_content(written: Path) -> None:
    index = json.loads((written / "bundle.json").read_text(encoding="utf-8"))
    index["captured_at"] = "2030-01-01T00:00:00Z"
    (written / "bundle.json").write_text(json.dumps(index), encoding="utf-8")
    assert verify_bundle(written)["cluster"] == "test"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 2}', "\xff", '{"format": 1}', "[" * 100000])
def test_what_is_no_index_is_one_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "bundle.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BundleError, match=r"bundle\.json .*; capture the bundle"):
        read_bundle(tmp_path)


def test_a_folder_without_an_index_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="holds no bundle"):
        read_bundle(tmp_path)


def test_no_file_outside_of_the_bundle_is_read(written: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.jsonl"
    outside.write_text("{}\n", encoding="utf-8")
    index = json.loads((written / "bundle.json").read_text(encoding="utf-8"))
    index["files"]["objects/../../../outside.jsonl"] = {"sha256": sha256_hex(outside.read_bytes()), "lines": 1}
    index["digest"] = digest({name: value for name, value in index.items() if name not in ("captured_at", "digest")})
    (written / "bundle.json").write_text(canonical_json(index), encoding="utf-8")
    with pytest.raises(BundleError, match="is missing"):
        read_bundle(written)
