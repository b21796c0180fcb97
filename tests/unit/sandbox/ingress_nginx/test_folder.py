# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder appears whole, readable by nginx, or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.images.ingress_nginx.edits import EditError
from sandbox.images.ingress_nginx.folder import FolderError, make

TESTS = Path(__file__).resolve().parents[3]
DEBIAN_LUA = Path("/usr/share/lua/5.1")
DEBIAN_C_LUA = Path("/usr/lib/x86_64-linux-gnu/lua/5.1")
# Built into the Lua module or into LuaJIT.
BUILT_IN = frozenset({"bit", "ffi", "math", "table.new", "table.clear"})


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_has_source_shims_and_tables(small_source: Path, debian: Path, tmp_path: Path) -> None:
    target = tmp_path / "made"
    make(small_source, target, debian=debian)
    files = files_of(target)
    assert files >= {"nginx.conf", "template/nginx.tmpl", "lua/balancer.lua", "mime.types", "fastcgi_params"}
    assert files >= {"lua/resty/cookie.lua", "lua/resty/dns/resolver.lua"}
    assert not files & {"lua/test/run.lua", "lua/OWNERS"}
    template = (target / "template/nginx.tmpl").read_text()
    assert "stream {" not in template
    assert "http2 on;" not in template
    assert template.index("ndk_http_module") < template.index("ngx_http_lua_module")
    assert "listen 127.0.0.1:{{ .StreamPort }};" in template
    assert '{{ define "CUSTOM_ERRORS" }}' in template
    assert "ngx.now()" in (target / "lua/configuration.lua").read_text()


def test_nginx_may_read_it_whatever_the_umask(small_source: Path, debian: Path, tmp_path: Path) -> None:
    target = tmp_path / "made"
    before = os.umask(0o077)
    try:
        make(small_source, target, debian=debian)
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (target, *target.rglob("*"))}
    assert modes == {0o755, 0o644}


def test_a_change_that_does_not_fit_leaves_nothing(small_source: Path, debian: Path, tmp_path: Path) -> None:
    moved = small_source / "lua/configuration.lua"
    moved.chmod(0o600)
    moved.write_text("-- stamped elsewhere now\n")
    before = set(tmp_path.iterdir())
    with pytest.raises(EditError, match="stamp endpoints with milliseconds"):
        make(small_source, tmp_path / "made", debian=debian)
    assert set(tmp_path.iterdir()) == before


def test_what_is_missing_is_named(small_source: Path, debian: Path, tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="exists already"):
        make(small_source, debian, debian=debian)
    with pytest.raises(FolderError, match=r"it has no template/nginx\.tmpl"):
        make(debian, tmp_path / "made", debian=debian)
    (debian / "mime.types").unlink()
    with pytest.raises(FolderError, match="install the Debian package nginx-common"):
        make(small_source, tmp_path / "made", debian=debian)
    assert not (tmp_path / "made").exists()


def test_a_library_that_ingress_nginx_ships_itself_is_not_overwritten(
    small_source: Path, debian: Path, tmp_path: Path
) -> None:
    (small_source / "lua/resty").mkdir()
    (small_source / "lua/resty/cookie.lua").write_text("return {}\n")
    with pytest.raises(FolderError, match=r"ships lua/resty/cookie\.lua itself"):
        make(small_source, tmp_path / "made", debian=debian)


def test_the_command_tells_mistakes_in_one_line(small_source: Path, debian: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.images.ingress_nginx", "--debian", str(debian)]
    env = os.environ | {"PYTHONPATH": str(TESTS)}
    good = subprocess.run(
        [*command, str(small_source), str(tmp_path / "made")], env=env, capture_output=True, check=False
    )
    assert good.returncode == 0, good.stderr
    bad = subprocess.run(
        [*command, str(small_source), str(tmp_path / "made")], env=env, capture_output=True, text=True, check=False
    )
    assert bad.returncode == 1
    assert bad.stderr.count("\n") == 1
    assert "exists already" in bad.stderr


def test_the_real_module_fits(real_source: Path, debian: Path, tmp_path: Path) -> None:
    target = tmp_path / "made"
    make(real_source, target, debian=debian)
    template = (target / "template/nginx.tmpl").read_text()
    assert not re.search(r"^stream \{", template, re.MULTILINE)
    assert "http2 on;" not in template
    assert template.count("{{ define ") == (real_source / "template/nginx.tmpl").read_text().count("{{ define ")
    assert "ssl http2;" in template


def test_every_lua_library_of_the_real_module_is_there(real_source: Path, debian: Path, tmp_path: Path) -> None:
    if not (DEBIAN_LUA / "resty/core.lua").exists():
        pytest.skip("Debian's lua-resty-core is not installed")
    target = tmp_path / "made"
    make(real_source, target, debian=debian)
    pattern = re.compile(r"""require\s*\(?\s*["']([\w.]+)["']""")
    wanted = {name for path in target.rglob("*.lua") for name in pattern.findall(path.read_text())}
    assert {"resty.cookie", "resty.lrucache", "cjson.safe", "util"} <= wanted
    missing = {name for name in wanted - BUILT_IN if not library_exists(target / "lua", name)}
    assert not missing


def library_exists(own: Path, name: str) -> bool:
    relative = name.replace(".", "/")
    if any((folder / f"{relative}.lua").exists() for folder in (own, DEBIAN_LUA)):
        return True
    return (DEBIAN_C_LUA / f"{relative.partition('/')[0]}.so").exists()
