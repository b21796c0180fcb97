# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from sandbox import image
from sandbox.image import ImageError


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("pilot", "pilot"),
        ("docker.io/istio/pilot:1.31.0", "pilot"),
        ("registry.example:5000/ingress-nginx/controller:v1.15.1@sha256:0123", "controller"),
        ("registry.example:5000/echo", "echo"),
    ],
)
def test_the_last_part_of_the_repository_decides(reference: str, name: str) -> None:
    assert image.basename(reference) == name


def _describe(folder: Path, text: str, name: str = "thing") -> None:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_reads_a_description(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    _describe(
        tmp_path,
        """
entrypoint: ["{python}/bin/python3", -m]
command: [thing]
user: 7
environment: {A: b}
stop_signal: SIGQUIT
files: {/data: {file: data}, "{python}": {host: "{python}"}}
copies: {/var/empty: {}}
links: {/log: /dev/stdout}
""",
    )
    found = image.find("x/thing:1", tmp_path)
    assert found.entrypoint == (f"{sys.base_prefix}/bin/python3", "-m")
    assert (found.user, found.group, found.working_directory) == (7, 7, "/")
    assert found.stop_signal is signal.SIGQUIT
    assert found.files == {"/data": tmp_path / "data", sys.base_prefix: Path(sys.base_prefix)}
    assert found.copies == {"/var/empty": None}


def test_an_unknown_image_names_those_that_there_are(tmp_path: Path) -> None:
    _describe(tmp_path, "entrypoint: [/a]", "one")
    _describe(tmp_path, "entrypoint: [/b]", "two")
    with pytest.raises(ImageError, match=r"'x/other:1'.*knows one, two; describe 'other'"):
        image.find("x/other:1", tmp_path)


@pytest.mark.parametrize("reference", ["../secret", "..", "", "a/", "x/../../etc/passwd"])
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, reference: str) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    _describe(tmp_path, "entrypoint: [/a]", "secret")
    with pytest.raises(ImageError, match="pulls nothing"):
        image.find(reference, folder)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("entrypoint: [a]\nport: 80", "unknown port"),
        ("user: 1", "entrypoint is missing"),
        ("entrypoint: [a]\nstop_signal: SIGNOPE", "'SIGNOPE' is no signal"),
        ("entrypoint: [a]\nfiles: {/x: {url: y}}", "should have one of asset, binary, file, host"),
        ("entrypoint: [a]\nfiles: {/x: {host: /no/such/thing}}", "/no/such/thing does not exist"),
        ("entrypoint: [a]\nfiles: {/x: {binary: no-such-program}}", "no-such-program"),
        ("entrypoint: [", "is not YAML"),
    ],
)
def test_a_wrong_description_says_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    _describe(tmp_path, text)
    with pytest.raises(ImageError, match=complaint):
        image.find("thing", tmp_path)


@pytest.mark.parametrize("name", image.names())
def test_every_image_of_the_sandbox_is_well_formed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its programs have been built is another question."""
    monkeypatch.setattr(image, "locate", lambda _name: Path("/bin/sh"))
    monkeypatch.setattr(image, "asset", lambda _name: Path("/etc"))
    assert image.find(name).name == name
