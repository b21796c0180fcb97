# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of our own: they complain about what they are for, and about nothing else."""

from __future__ import annotations

import pytest

from lint.files import Text
from lint.licences import REQUIRED, missing_headers
from lint.places import named_places

HEADER = "".join(f"# {line}\n" for line in REQUIRED)


def complaints(line: str, path: str = "docs/guide.rst") -> list[str]:
    return named_places([Text(path, f"first\n{line}\n")])


@pytest.mark.parametrize("before", ["", "---\n", "#!/usr/bin/env python3\n"])
def test_a_header_near_the_top_is_enough(before: str) -> None:
    assert missing_headers([Text("plugins/x.py", f"{before}{HEADER}import os\n")]) == []


def test_a_missing_or_late_header_is_named() -> None:
    late = Text("roles/x/tasks/main.yml", "\n" * 6 + HEADER)
    half = Text("Makefile", f"# {REQUIRED[0]}\n")
    assert [message.split(":")[0] for message in missing_headers([late, half])] == [late.path, late.path, half.path]


@pytest.mark.parametrize("path", ["LICENSE", "a/go.sum", "tests/golden.json", "README.md", "plugins/x/__init__.py"])
def test_formats_without_comments_and_empty_files_need_none(path: str) -> None:
    assert missing_headers([Text(path, "" if path.endswith(".py") else "text\n")]) == []


@pytest.mark.parametrize(
    ("before", "place", "what"),
    [
        ("see https://", "py" + "pi.org", "names a package registry"),
        ("GOPROXY=https://", "proxy.golang" + ".org", "names a package registry"),
        ("cd ", "/ro" + "ot/x", "names a folder of one machine"),
        ("cache: ", "/wo" + "rk/m", "names a folder of one machine"),
        ("cat ", "/ho" + "me/alice", "names somebody's home folder"),
        ('"', "/Us" + "ers/alice", "names somebody's home folder"),
    ],
)
def test_places_are_named(before: str, place: str, what: str) -> None:
    assert complaints(f"{before}{place}") == [f"docs/guide.rst:2: {what}: {place}"]


@pytest.mark.parametrize(
    "line",
    [
        "path: /rootfs/etc/nginx",
        "path: /workspace",
        "HOME=/root",
        "image: docker.io/istio/proxyv2",
        "mountPath: /data/root/x",
        "$HOME/work/x",
        "~/.cache/sealos-istio-migration",
        "url: https://example.com/home/page",
        "/home/$USER/x and /home/{{ user }}/x and /home/<you>/x",
        "mypy" + "pi.org.example",
    ],
)
def test_other_places_are_left_alone(line: str) -> None:
    assert complaints(line) == []


def test_checksums_and_the_licence_are_not_read() -> None:
    assert complaints("https://py" + "pi.org", "tests/sandbox/tools/x/go.sum") == []
