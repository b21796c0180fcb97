# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the machine: Go, Pythons, Debian packages. The machine is a fake."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.toolchain import ToolchainError, __main__, debian, doctor, go_modules, interpreters
from sandbox.toolchain.interpreters import find_interpreter
from sandbox.toolchain.layout import TESTS

REAL_GO = go_modules.go


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Put shell scripts into a folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(go_modules, "_USUAL_PLACES", ())

    def make(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return make


def test_works_without_any_installed_package() -> None:
    """It runs under the system's Python before there is a virtual environment."""
    code = f"import sys; sys.path.insert(0, {str(TESTS)!r}); import sandbox.toolchain.__main__"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


def test_go_is_missing(commands: Callable[[str, str], Path]) -> None:
    with pytest.raises(ToolchainError, match=r"Go was not found on PATH .*install Go 1\.26 or newer"):
        REAL_GO.__wrapped__()


@pytest.mark.parametrize("answer", ["echo go1.19.8; echo linux; echo amd64", "echo go: cannot switch >&2; exit 1"])
def test_go_is_too_old(commands: Callable[[str, str], Path], answer: str) -> None:
    commands("go", answer)
    with pytest.raises(ToolchainError, match=r"go is not usable: .*install Go 1\.26"):
        REAL_GO.__wrapped__()


def test_go_is_there(commands: Callable[[str, str], Path]) -> None:
    path = commands("go", "echo go1.27.1; echo linux; echo arm64")
    found = REAL_GO.__wrapped__()
    assert (found.command, found.series, found.platform) == (path, "1.27", "linux/arm64")


def test_go_environment_does_not_inherit_what_changes_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GOFLAGS", "-race")
    monkeypatch.setenv("GOPROXY", "https://mirror.example")
    environment = go_modules.environment()
    assert "GOOS" not in environment
    assert environment["GOFLAGS"] == "-trimpath -buildvcs=false -mod=readonly"
    assert environment["CGO_ENABLED"] == "0"
    assert environment["GOPROXY"] == "https://mirror.example"


def test_a_shim_that_does_not_run_is_passed_over(
    commands: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    commands("python3.99", "exit 127")
    with pytest.raises(ToolchainError, match=r"no working Python 3\.99 was found .*`pyenv install 3\.99`"):
        find_interpreter(("3.99",))
    real = tmp_path / "pyenv" / "versions" / "3.99.1" / "bin" / "python3.99"
    real.parent.mkdir(parents=True)
    real.write_text(f"#!/bin/sh\necho '[\"{real}\", [3, 99], true]'\n", encoding="utf-8")
    real.chmod(0o755)
    assert find_interpreter(("3.98", "3.99")).path == real


def test_a_python_that_cannot_make_environments_is_named(
    commands: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    path = commands("python3.99", f"echo '[\"{tmp_path}/bin/python3.99\", [3, 99], false]'")
    with pytest.raises(ToolchainError, match=rf"{path} lacks ensurepip, install the Debian package python3\.99-venv"):
        find_interpreter(("3.99",))


def test_the_running_python_is_found() -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = find_interpreter((version,))
    assert found.version == version
    assert found.path.is_file()
    assert interpreters.PYTHONS_FOR_ANSIBLE["2.19"][0] == "3.11"


def test_missing_packages(commands: Callable[[str, str], Path]) -> None:
    lines = "\n".join(f"echo '{name} installed'" for name in debian.PACKAGES if name not in {"nftables", "curl"})
    commands("dpkg-query", f"{lines}\necho 'curl config-files'\nexit 1")
    assert debian.missing_packages() == ["curl", "nftables"]


def test_not_debian(commands: Callable[[str, str], Path]) -> None:
    with pytest.raises(ToolchainError, match="dpkg-query was not found"):
        debian.missing_packages()


def test_not_root_gets_the_command(commands: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    commands("dpkg-query", "exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ToolchainError, match="As root run: apt-get install --no-install-recommends ca-"):
        debian.install(lambda _: None)


@pytest.mark.parametrize("before", [None, "exit 0"])
def test_services_are_kept_down_during_an_installation_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(debian, "_POLICY", policy)
    monkeypatch.setattr(debian, "_POLICY_ASIDE", tmp_path / "aside")
    if before is not None:
        policy.write_text(f"#!/bin/sh\n{before}\n", encoding="utf-8")
        policy.chmod(0o755)

    def fail() -> None:
        with debian._services_kept_down():
            assert subprocess.run([policy, "nginx", "start"], check=False).returncode == 101
            raise ToolchainError("apt failed")

    with pytest.raises(ToolchainError):
        fail()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == (["policy-rc.d"] if before else [])
    if before is not None:
        assert policy.read_text(encoding="utf-8") == f"#!/bin/sh\n{before}\n"


def test_a_policy_of_a_killed_run_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, aside = tmp_path / "policy-rc.d", tmp_path / "aside"
    monkeypatch.setattr(debian, "_POLICY", policy)
    monkeypatch.setattr(debian, "_POLICY_ASIDE", aside)
    policy.write_text("ours", encoding="utf-8")
    aside.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    aside.chmod(0o755)
    with debian._services_kept_down():
        assert not aside.exists()
    assert "exit 101" in policy.read_text(encoding="utf-8")


def test_the_doctor_fails_only_for_what_a_person_must_do(
    commands: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands("dpkg-query", "exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    findings = {finding.subject: finding for finding in doctor.examine()}
    assert findings["Debian packages"].state is doctor.State.LATER
    assert findings["etcd"].state is doctor.State.LATER
    assert findings["Go"].text == "go1.26.8 (/nowhere/go)"
    monkeypatch.setattr(go_modules, "go", REAL_GO.__wrapped__)
    assert __main__.main(["doctor"]) == 1
    output = capsys.readouterr().out
    assert "MISSING  Go                         Go was not found on PATH" in output


def test_the_second_python_is_optional(
    commands: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setattr(doctor, "PYTHONS_FOR_ANSIBLE", {"2.19": ("3.98",), "2.21": ("3.99",)})
    findings = {finding.subject: finding for finding in doctor.examine()}
    assert findings["Python for core 2.19"].state is doctor.State.MISSING
    assert findings["Python for core 2.21"].state is doctor.State.OPTIONAL
    assert "WITHOUT_2_21=1" in findings["Python for core 2.21"].text


def test_errors_are_one_message_on_the_error_stream(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["path", "nonsense"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: unknown artefact 'nonsense': known are etcd, ")
