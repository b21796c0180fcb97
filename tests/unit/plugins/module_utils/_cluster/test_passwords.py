# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords go from their Secret into the cluster, and nowhere else."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.files import write_bundle
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.credentials import MissingSecretError
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.passwords import with_passwords
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.secret_facts import read_facts
from ansible_collections.sealos.istio_migration.plugins.module_utils._cluster.writing import write
from ansible_collections.sealos.istio_migration.plugins.module_utils._convert.options import Acceptance, Options
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.ownership import was_edited
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.passwords import (
    NOBODY,
    UserSource,
    filled,
    reference,
    source_of,
)
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.files import read_plan, write_plan
from ansible_collections.sealos.istio_migration.plugins.module_utils._plan.plan import make_plan

from manifests import bundle, ingress, path, service

from .conftest import MemoryApi, Object

HASH = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="
BASIC = {"auth-type": "basic", "auth-secret": "users"}
SOURCE = UserSource("shop", "users", "auth-file")


def secret(name: str = "users", **content: str) -> Object:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in content.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "namespace": "shop"},
        "data": data,
    }


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        (f"alice:{HASH}\n", ("sha",)),
        (f"# comment\nalice:{HASH}:note\r\nno colon\n", ("sha",)),
        ("a:$apr1$x$y\nb:{SSHA}abc=\nc:{PLAIN}\nd:$2y$05$abc\ne:$6$a$b\nf:abcdefghijklm", None),
        ("alice:{SHA}short=\n", ("malformed",)),
        ("", ()),
    ],
)
def test_formats_of_a_file(text: str, formats: tuple[str, ...] | None) -> None:
    expected = ("apr1", "bcrypt", "crypt", "plain", "ssha") if formats is None else formats
    facts = read_facts(secret(auth=text))
    assert (facts.keys, facts.file_hashes) == (("auth",), expected)
    assert text.strip() not in json.dumps(facts.as_dict()) or not text


def test_keys_of_a_map_are_users() -> None:
    assert read_facts(secret(alice=HASH, bob="$apr1$x$y")).map_hashes == ("apr1", "sha")


@pytest.mark.parametrize(
    ("form", "content", "lines"),
    [
        ("auth-file", {"auth": f"alice:{HASH}\nbob:{HASH}"}, [f"alice:{HASH}", f"bob:{HASH}"]),
        ("auth-file", {"auth": f"# x:y\n\r\nalice:{HASH}:note\nalice:{HASH}\nnone\n"}, [f"alice:{HASH}"]),
        ("auth-map", {"alice": f"{HASH}\n"}, [f"alice:{HASH}"]),
        ("auth-map", {}, [NOBODY]),
        ("auth-file", {"auth": ""}, [NOBODY]),
    ],
)
def test_users_are_written_as_envoy_reads_them(form: str, content: dict[str, str], lines: list[str]) -> None:
    source = UserSource("shop", "users", form)
    head, *rest = filled(source, content).splitlines()
    assert rest == lines
    assert source_of(head) == source


def test_a_plan_as_it_is_lets_nobody_in() -> None:
    assert reference(SOURCE).splitlines()[1:] == [NOBODY]


def test_another_format_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="another format") as caught:
        filled(SOURCE, {"auth": "alice:$apr1$salt$hidden"})
    assert "hidden" not in str(caught.value)


def plan_files(folder: Path) -> tuple[Path, list[Object]]:
    found = bundle(
        ingress("a.example.test", path("/"), annotations=BASIC),
        service(),
        secrets=[read_facts(secret(auth=f"alice:{HASH}"))],
    )
    write_bundle(found, folder / "bundle", "2026-01-01T00:00:00Z")
    stored, __ = write_plan(
        make_plan(found, Options(format="yaml", accept=(Acceptance("PASSWORDS-TO-BRING"),))), folder / "plans"
    )
    objects = [obj for unit in ("shop", "shared.gateway") for obj in read_plan(stored.directory).unit(unit)["objects"]]
    return folder, objects


def users_filter(objects: list[Object]) -> Object:
    (found,) = (obj for obj in objects if obj["kind"] == "EnvoyFilter" and "Secret shop/users" in json.dumps(obj))
    return found


def run(api: MemoryApi, objects: list[Object], **options: Any) -> Any:
    wanted = [with_passwords(api, obj) for obj in objects]
    return write(api, wanted, ("shop", "shared.gateway"), "ingress-nginx", "0" * 12, force=False, dry_run=False)


def test_no_hash_is_anywhere_but_in_the_cluster(tmp_path: Path) -> None:
    folder, objects = plan_files(tmp_path)
    for file in folder.rglob("*"):
        if file.is_file():
            assert HASH[5:] not in file.read_text(encoding="utf-8"), file
    api = MemoryApi(secret(auth=f"alice:{HASH}"))
    changes = run(api, objects)
    assert HASH not in json.dumps([(change.as_dict(), change.before, change.after) for change in changes])
    live = users_filter([obj for obj in api.objects.values() if obj["kind"] == "EnvoyFilter"])
    assert f"alice:{HASH}" in json.dumps(live)
    assert not was_edited(live)


def test_a_second_run_changes_nothing_and_a_new_password_one_object(tmp_path: Path) -> None:
    __, objects = plan_files(tmp_path)
    api = MemoryApi(secret(auth=f"alice:{HASH}"))
    run(api, objects)
    assert {change.action for change in run(api, objects)} == {"none"}
    other = HASH.replace("5en6", "6en6")
    api.put(secret(auth=f"alice:{other}"))
    changed = [change for change in run(api, objects) if change.action != "none"]
    assert [(change.key.kind, change.action) for change in changed] == [("EnvoyFilter", "update")]
    assert other not in json.dumps([(change.before, change.after) for change in changed])


@pytest.mark.parametrize("content", [None, {"other": "x"}, {"auth": "alice:$apr1$salt$hidden"}])
def test_a_secret_that_changed_is_an_error_without_its_content(tmp_path: Path, content: dict[str, str] | None) -> None:
    __, objects = plan_files(tmp_path)
    api = MemoryApi(*([secret(**content)] if content else []))
    with pytest.raises(MissingSecretError, match="convert again") as caught:
        run(api, objects)
    assert "hidden" not in str(caught.value)
