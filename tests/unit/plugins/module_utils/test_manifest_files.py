# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of manifests are read as kubectl reads them; what cannot be read does not stop what stands beside it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._bundle.manifests import Document, ManifestError
from ansible_collections.sealos.istio_migration.plugins.module_utils._manifest_files import documents


def read(folder: Path, text: str | bytes, name: str = "a.yaml") -> list[Document]:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(documents(file))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("017", 15),
        ("0o17", 15),
        ("0x1f", 31),
        ("-5", -5),
        ("1_000", 1000),
        ("080", 80.0),
        ("1e3", 1000.0),
        ("y", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("1:20:30", "1:20:30"),
        ("2001-01-01", "2001-01-01"),
        ("'1'", "1"),
        ("nothing", "nothing"),
    ],
)
def test_values_are_those_of_go(tmp_path: Path, text: str, value: Any) -> None:
    (found,) = read(tmp_path, f"a: {text}\n")
    assert (found.content, found.problem) == ({"a": value}, "")


def test_keys_become_text(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "9000: shop/web:80\non: x\n")
    assert found.content == {"9000": "shop/web:80", "true": "x"}


def test_documents_are_read_one_by_one(tmp_path: Path) -> None:
    text = "# nothing\n---\na: 1\n---\nb: [\n---   # c\nc: 3\n...\n--- {d: 4}\n---\n%YAML 1.1\n---\ne: |\n  ----\n  x\n"
    found = read(tmp_path, text)
    assert [item.content for item in found] == [{"a": 1}, None, {"c": 3}, {"d": 4}, {"e": "----\nx\n"}]
    assert [item.place for item in found] == [f"a.yaml document {number}" for number in range(1, 6)]
    assert [item.problem for item in found if item.problem] == [
        "cannot be read: expected the node content, but found '<stream end>' in line 6"
    ]


BOMB = "a0: &a0 {k: 1}\n" + "".join(
    f"a{number}: &a{number} {{<<: [{', '.join([f'*a{number - 1}'] * 9)}], k{number}: 1}}\n" for number in range(1, 30)
)
LAUGHS = "a0: &a0 [ha, ha]\n" + "".join(
    f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]\n" for number in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: b: c", "cannot be read: mapping values are not allowed here in line 1"),
        ("a: \0", "cannot be read: special characters are not allowed (character 0x0)"),
        ("a: *b", "cannot be read: found undefined alias 'b' in line 1"),
        ("a: 1\nb: {c: 1,\n  c: 2}", "has the key 'c' twice, in line 3"),
        ("a: !!python/object/apply:os.system [id]", "could not determine a constructor for the tag"),
        ("a: !!timestamp x", "cannot be read: a value is not what its tag says"),
        ("a: !!int ''", "cannot be read: a value is not what its tag says"),
        ("? [a]\n: b", "cannot be read: found unhashable key in line 1"),
        (f"a: {'9' * 5000}", "cannot be read: holds a huge number in line 1"),
        ("a: &a {<<: *a}", "cannot be read: it is nested too deeply"),
        ("[" * 100_000, "cannot be read: it is nested too deeply"),
        ("- " * 50_000, "cannot be read: it is nested too deeply"),
        ("a:\n" + "".join(f"{' ' * level}a:\n" for level in range(1, 2000)), "cannot be read: it is nested too deeply"),
        (BOMB, "merges more than 10000 keys into one mapping"),
    ],
)
def test_what_cannot_be_read_is_told_soon(tmp_path: Path, text: str, why: str) -> None:
    started = time.monotonic()
    (found, after) = read(tmp_path, f"{text}\n---\nnext: 1\n")
    assert time.monotonic() - started < 5
    assert why in found.problem
    assert after.content == {"next": 1}


def test_aliases_stay_small(tmp_path: Path) -> None:
    (found,) = read(tmp_path, LAUGHS)
    assert found.problem == ""


def test_no_value_stands_in_a_message(tmp_path: Path) -> None:
    for text in ("password: hunter2: x", "password: 'hunter2", '{"password": "hunter2" x}', "password: [hunter2"):
        for name in ("a.yaml", "a.json"):
            (found,) = read(tmp_path, text, name)
            assert found.problem
            assert "hunter2" not in found.problem


def test_bytes_that_are_no_text_name_their_hosts(tmp_path: Path) -> None:
    (found,) = read(tmp_path, b"rules:\n- host: a.example.test\n  x: \xff\n")
    assert found == Document("a.yaml", None, "cannot be read: byte 36 is no UTF-8", ("a.example.test",))


def test_a_byte_order_mark_is_no_value(tmp_path: Path) -> None:
    assert [item.content for item in read(tmp_path, b"\xef\xbb\xbfa: 1\n")] == [{"a": 1}]
    assert [item.content for item in read(tmp_path, b"\xef\xbb\xbf{}", "a.json")] == [{}]


def test_json_may_hold_several_values(tmp_path: Path) -> None:
    found = read(tmp_path, '{"a": 1}\n\n{"b": {"c": 1, "c": 2}} [5]\n{"host": "a.example.test",', "a.json")
    assert [item.content for item in found] == [{"a": 1}, {"b": {"c": 2}}, [5], None]
    assert [item.problem for item in found][1] == "has the key 'c' twice"
    assert found[-1].hosts == ("a.example.test",)
    assert found[-1].problem.startswith("cannot be read: ")


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, '{"a":' * 50_000])
def test_json_that_would_break_a_reader_is_one_problem(tmp_path: Path, text: str) -> None:
    (found,) = read(tmp_path, text, "a.json")
    assert found.problem.startswith("cannot be read: ")


def test_a_folder_is_searched_and_everything_in_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.yml").write_text("b: 2")
    (tmp_path / "one.json").write_text("{}")
    (tmp_path / "README.md").write_text("# no manifest")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.yaml")
    found = {item.place: item.problem for item in documents(tmp_path)}
    assert found == {
        "b/two.yml document 1": "",
        "gone.yaml": "is no regular file",
        "one.json document 1": "",
        "pipe.yaml": "is no regular file",
    }


def test_a_file_name_that_is_no_text_is_shown_as_text(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.yaml"))).write_text("a: 1")
    (found,) = documents(tmp_path)
    assert found.place == "\\xff\n.yaml document 1"


def test_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="nowhere does not exist"):
        list(documents(tmp_path / "nowhere"))
