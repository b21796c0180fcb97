# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How missing artefacts are made: order, numbering, failure, interruption. The commands are fakes."""

from __future__ import annotations

import asyncio
import io
import os
import select
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from sandbox.toolchain import ToolchainError, api, build, commands, recipes, wheels
from sandbox.toolchain.build import Task, lanes
from sandbox.toolchain.keys import location
from sandbox.toolchain.layout import Cache
from sandbox.toolchain.progress import Progress
from sandbox.toolchain.table import ARTEFACTS, Wheel, artefact

Command = list[str]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Command]:
    """Replace the commands by one that makes the file that -o names; the list fills with what was run."""
    seen: list[Command] = []

    async def fake(command: Sequence[str], *, log: Path, cwd: Path, environment: Mapping[str, str]) -> str:
        seen.append(list(command))
        if "-o" in command:
            Path(command[command.index("-o") + 1]).write_text("program", encoding="utf-8")
        await asyncio.sleep(0)
        return '{"Dir": "/nowhere"}'

    monkeypatch.setattr(build, "run", fake)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return seen


def test_programs_of_a_module_follow_each_other_longest_module_first() -> None:
    tasks = [Task(number, row) for number, row in enumerate(ARTEFACTS, 1)]
    grouped = lanes(tasks)
    names = [[task.artefact.name for task in lane] for lane in grouped]
    assert names[0][:3] == ["pilot-discovery", "pilot-agent", "istioctl"]
    assert names[1] == ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubectl"]
    assert ["envoy", "kubernetes-core"] in names
    assert sorted(task.number for lane in grouped for task in lane) == list(range(1, len(ARTEFACTS) + 1))


def test_only_what_is_missing_is_made_and_numbered_among_all(cache: Cache, ran: list[Command]) -> None:
    output = io.StringIO()
    names = ["etcd", "kube-scheduler", "pilot-agent"]
    api.ensure(["kube-scheduler"], Progress(1, io.StringIO()))
    decided = api.ensure(names, Progress(3, output))
    assert [choice.path for choice in decided] == [location(artefact(name), cache) for name in names]
    assert all(choice.path.stat().st_mode & 0o777 == 0o755 or choice.path.is_file() for choice in decided)
    lines = output.getvalue().splitlines()
    assert sorted(lines) == [
        "[1/3] etcd: building ...",
        "[1/3] etcd: built in 0 s",
        "[3/3] pilot-agent: building ...",
        "[3/3] pilot-agent: built in 0 s",
    ]
    silent = io.StringIO()
    api.ensure(names, Progress(3, silent))
    assert silent.getvalue() == ""
    assert len(ran) == 3


def test_working_files_of_a_build_go_with_it(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(command: Sequence[str], *, log: Path, cwd: Path, environment: Mapping[str, str]) -> str:
        (Path(environment["GOTMPDIR"]) / "go-build1").mkdir()
        raise ToolchainError("ended")

    monkeypatch.setattr(build, "run", interrupted)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(ToolchainError, match="ended"):
        api.ensure(["etcd"], Progress(1, io.StringIO()))
    assert list(cache.binaries.iterdir()) == []


def test_build_command(cache: Cache, ran: list[Command]) -> None:
    api.ensure(["pilot-agent"], Progress(1, io.StringIO()))
    (command,) = ran
    assert command[:3] == ["/nowhere/go", "build", "-gcflags"]
    assert command[-3:] == [
        "-tags",
        "agent,disable_pgv,grpcnotrace,retrynotrace",
        "istio.io/istio/pilot/cmd/pilot-agent",
    ]
    assert Path(command[command.index("-o") + 1]).parent.parent == cache.binaries


def test_a_failure_keeps_what_is_done(cache: Cache, ran: list[Command], monkeypatch: pytest.MonkeyPatch) -> None:
    working = build.run

    async def fails_for_scheduler(command: Sequence[str], **options: object) -> str:
        if command[-1].endswith("kube-scheduler"):
            raise ToolchainError("kube-scheduler: no luck")
        return await working(command, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(build, "run", fails_for_scheduler)
    with pytest.raises(ToolchainError, match="no luck"):
        api.ensure(["kube-controller-manager", "kube-scheduler", "kube-proxy"], Progress(3, io.StringIO()))
    assert [path.name.rpartition("-")[0] for path in cache.binaries.iterdir()] == ["kube-controller-manager"]


@pytest.mark.parametrize("value", ["0", "-1", "many", ""])
def test_number_of_jobs_is_checked(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SANDBOX_BUILD_JOBS", value)
    with pytest.raises(ToolchainError, match="SANDBOX_BUILD_JOBS"):
        build.jobs()


def run_python(code: str, log: Path) -> str:
    return asyncio.run(commands.run([sys.executable, "-c", code], log=log, cwd=log.parent, environment=os.environ))


def test_output_is_returned_and_errors_are_logged(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "x.log"
    log.parent.mkdir()
    assert run_python("import sys; print('out'); print('err', file=sys.stderr)", log) == "out\n"
    assert log.read_text(encoding="utf-8") == "err\n"


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("go: x: reading https://proxy/x: 403 Forbidden", "the module proxy refused a version"),
        ("link: write: no space left on device", "free some disk space"),
        ("compile: signal: killed", "SANDBOX_BUILD_JOBS=1"),
        ("syntax error", "see the whole log"),
    ],
)
def test_a_failed_command_shows_its_last_lines_and_what_to_do(tmp_path: Path, said: str, remedy: str) -> None:
    code = (
        f"import sys; e = sys.stderr; [print('line', n, file=e) for n in range(99)]; print({said!r}, file=e); exit(3)"
    )
    with pytest.raises(ToolchainError) as caught:
        run_python(code, tmp_path / "x.log")
    message = str(caught.value)
    assert "ended with status 3" in message
    assert message.count("    line ") == 14
    assert f"    {said}\n" in message
    assert remedy in message
    assert "run the same command again" in message


def test_cancelling_ends_the_whole_process_group(tmp_path: Path) -> None:
    """A build has children of its own: whoever is left would hold the pipe open."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    def next_bytes() -> bytes:
        assert select.select([reader], [], [], 10)[0], "nothing was written, and somebody still could"
        return os.read(reader, 100)

    async def scenario() -> None:
        command = ["sh", "-c", f"exec >{pipe}; sleep 600 & echo started; sleep 600"]
        work = asyncio.create_task(commands.run(command, log=tmp_path / "x.log", cwd=tmp_path, environment=os.environ))
        assert await asyncio.to_thread(next_bytes) == b"started\n"
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(scenario())
    assert next_bytes() == b""
    os.close(reader)


def make_wheel(folder: Path, names: Sequence[str]) -> None:
    with zipfile.ZipFile(folder / "x-1.0-py3-none-any.whl", "w") as archive:
        for name in names:
            archive.writestr(name, name)


def test_one_file_out_of_a_wheel(tmp_path: Path) -> None:
    make_wheel(tmp_path, ["x/bin/tool", "x/bin/tool.txt"])
    wheels.unpack(Wheel("x", "1.0", "x/bin/tool"), tmp_path, tmp_path / "tool")
    assert (tmp_path / "tool").read_text(encoding="utf-8") == "x/bin/tool"
    assert os.access(tmp_path / "tool", os.X_OK)


def test_a_folder_out_of_a_wheel(tmp_path: Path) -> None:
    make_wheel(tmp_path, ["a/core/plugins/x.py", "a/core/galaxy.yml", "a/core/", "a/corelike/y.py"])
    wheels.unpack(Wheel("x", "1.0", "a/core/"), tmp_path, tmp_path / "core")
    assert sorted(path.relative_to(tmp_path / "core").as_posix() for path in (tmp_path / "core").rglob("*.*")) == [
        "galaxy.yml",
        "plugins/x.py",
    ]


def test_a_wheel_without_the_member_is_named(tmp_path: Path) -> None:
    wanted = Wheel("x", "1.0", "x/bin/tool")
    with pytest.raises(ToolchainError, match=r"no wheel of x 1\.0"):
        wheels.unpack(wanted, tmp_path, tmp_path / "tool")
    make_wheel(tmp_path, ["other"])
    with pytest.raises(ToolchainError, match="has no x/bin/tool"):
        wheels.unpack(wanted, tmp_path, tmp_path / "tool")


def test_charts_get_the_release_as_version(tmp_path: Path) -> None:
    module = tmp_path / "module"
    for path in ("base", "gateway", "istio-control/istio-discovery"):
        chart = module / "manifests" / "charts" / path
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("name: x\nversion: 1.0.0\nappVersion: 1.0.0\n", encoding="utf-8")
        (chart / "values.yaml").write_text("a:\n  tag: latest\n  hub: x\n", encoding="utf-8")
        (chart / "Chart.yaml").chmod(0o444)
    recipes.istio_charts(module, tmp_path / "made")
    for name in ("base", "istiod", "gateway"):
        assert (tmp_path / "made" / name / "Chart.yaml").read_text(encoding="utf-8").count("1.31.0") == 2
    assert "tag: 1.31.0\n" in (tmp_path / "made" / "istiod" / "values.yaml").read_text(encoding="utf-8")


def test_a_moved_placeholder_is_named(tmp_path: Path) -> None:
    chart = tmp_path / "manifests" / "charts" / "base"
    chart.mkdir(parents=True)
    (chart / "Chart.yaml").write_text("version: 1.31.0\n", encoding="utf-8")
    with pytest.raises(ToolchainError, match=r"Chart\.yaml of chart base: .* found 0 times, expected 2"):
        recipes.istio_charts(tmp_path, tmp_path / "made")
