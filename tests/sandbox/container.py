# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that becomes a container: it builds the container's file system, gives up its rights and execs.

The agent starts it inside the Pod's network, UTS and IPC namespaces, as process 1 of a new pid namespace ("create"),
or inside the pid namespace of a container that runs ("enter"). It reads its launch description (agent/launch.py) from
one inherited file descriptor and writes to another why it failed; that one closes by itself when exec succeeds.

It runs once per container start, so it loads no module that it can do without.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import sys
import termios
from pathlib import Path
from typing import Any

from sandbox import linux

START_FAILED = 128

# What of the host's /etc any program may need; the rest of /etc is the container's own.
_HOST_ETC = ("ssl", "ca-certificates.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "mime.types")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
_OVERLAY_ESCAPES = str.maketrans({"\\": "\\\\", ",": "\\,"})
_KERNEL_SWITCHES = ("sys", "sysrq-trigger", "irq", "bus")


class StartError(Exception):
    """The container cannot be started; the text goes into its status."""


def _bind(source: Path, target: Path, *, read_only: bool) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    linux.mount(str(source), str(target), None, linux.MS_BIND | linux.MS_REC)
    if read_only:
        linux.mount(None, str(target), None, linux.MS_BIND | linux.MS_REMOUNT | linux.MS_RDONLY)


def _overlay(source: Path, target: Path, private: Path) -> None:
    """Show a folder of the host at the target; what the container changes there goes to a private folder."""
    upper, work = private / "upper", private / "work"
    for folder in (upper, work, target):
        folder.mkdir(parents=True)
    # The user's cache may be in a folder with any name.
    private_folders = ",".join(
        f"{name}={str(path).translate(_OVERLAY_ESCAPES)}" for name, path in (("upperdir", upper), ("workdir", work))
    )
    options = f"lowerdir={source},{private_folders}"
    linux.mount("overlay", str(target), "overlay", 0, options)


def _add_programs(root: Path, private: Path) -> list[Path]:
    """The host's /usr, and /bin, /lib and so on as they are there: links into /usr, or folders. Returns the mounts."""
    overlays = []
    for source in (Path("/usr"), *(Path("/", name) for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"))):
        target = root / source.name
        if source.is_symlink():
            target.symlink_to(source.readlink())
        elif source.is_dir():
            _overlay(source, target, private / source.name)
            overlays.append(target)
    for name in _HOST_ETC:
        source = Path("/etc", name)
        if source.exists():
            _bind(source, root / "etc" / name, read_only=True)
    return overlays


def _add_devices(root: Path) -> None:
    devices = root / "dev"
    devices.mkdir()
    linux.mount("tmpfs", str(devices), "tmpfs", linux.MS_NOSUID, "mode=755,size=64k")
    for name in _DEVICES:
        _bind(Path("/dev", name), devices / name, read_only=False)
    for name, target in _DEVICE_LINKS.items():
        (devices / name).symlink_to(target)
    (devices / "pts").mkdir()
    linux.mount("devpts", str(devices / "pts"), "devpts", linux.MS_NOSUID, "newinstance,ptmxmode=0666,mode=0620")
    (devices / "shm").mkdir()
    linux.mount("tmpfs", str(devices / "shm"), "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=1777,size=64m")


def _add_kernel(root: Path, *, privileged: bool) -> None:
    hardened = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    for name in ("proc", "sys"):
        (root / name).mkdir()
    linux.mount("proc", str(root / "proc"), "proc", hardened)
    linux.mount("sysfs", str(root / "sys"), "sysfs", hardened | (0 if privileged else linux.MS_RDONLY))
    if not privileged:
        for name in _KERNEL_SWITCHES:
            switch = root / "proc" / name
            if switch.exists():
                _bind(switch, switch, read_only=True)


def _add_copies(root: Path, spec: dict[str, Any]) -> None:
    """Writable folders of the image: private copies (or empty folders) that belong to the container's user."""
    for copy in spec["copies"]:
        target = root / copy["target"].lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if copy["source"] is None:
            target.mkdir(exist_ok=True)
        else:
            shutil.copytree(copy["source"], target, symlinks=True, dirs_exist_ok=True)
        for path in (target, *target.rglob("*")):
            os.lchown(path, spec["uid"], spec["gid"])
    for path, target in spec["links"].items():
        (root / path.lstrip("/")).symlink_to(target)


def _inside(root: Path, target: str) -> Path:
    """The place of a container's path below the new root, following the links that are there so far."""
    place = Path(os.path.realpath(root / target.lstrip("/")))
    if not place.is_relative_to(root):
        raise StartError(f"{target} leads out of the container through a link of the image")
    return place


def build_root(spec: dict[str, Any]) -> Path:
    """Mount everything on spec["base"], an empty folder, and return the new root; raises OSError, StartError."""
    base = Path(spec["base"])
    linux.mount("tmpfs", str(base), "tmpfs", linux.MS_NOSUID, "mode=755")
    root, private = base / "root", base / "private"
    for folder in (root, private, root / "etc", root / "run", root / "var", root / "root"):
        folder.mkdir()
    (root / "etc/mtab").symlink_to("../proc/self/mounts")
    (root / "tmp").mkdir(mode=0o777)
    (root / "tmp").chmod(0o1777)
    (root / "var/run").symlink_to("../run")
    (root / "var/tmp").symlink_to("../tmp")
    # pivot_root wants a mount point.
    linux.mount(str(root), str(root), None, linux.MS_BIND)
    overlays = _add_programs(root, private)
    _add_devices(root)
    _add_kernel(root, privileged=spec["privileged"])
    _add_copies(root, spec)
    for target, content in spec["files"].items():
        (root / target.lstrip("/")).write_text(content, encoding="utf-8")
    for item in sorted(spec["mounts"], key=lambda item: item["target"].count("/")):
        _bind(Path(item["source"]), _inside(root, item["target"]), read_only=item["read_only"])
    if spec["working_directory"] != "/":
        _inside(root, spec["working_directory"]).mkdir(parents=True, exist_ok=True)
    if spec["read_only_root"]:
        for place in (root, *overlays):
            linux.mount(None, str(place), None, linux.MS_BIND | linux.MS_REMOUNT | linux.MS_RDONLY)
    return root


def _change_root(root: Path) -> None:
    os.chdir(root)
    linux.pivot_root(".", ".")
    # The old root is stacked on the new one at the same place; the upper one goes.
    linux.unmount(".", linux.MNT_DETACH)
    os.chdir("/")


def _become(spec: dict[str, Any]) -> None:
    """Give up what the container must not have."""
    if not spec["privileged"]:
        linux.keep_capabilities({linux.CAPABILITIES[name] for name in spec["capabilities"]})
    os.setgroups(spec["groups"])
    os.setgid(spec["gid"])
    os.setuid(spec["uid"])
    linux.die_with_parent()
    if spec["no_new_privileges"]:
        linux.forbid_new_privileges()


def _exec(spec: dict[str, Any]) -> None:
    command = spec["command"]
    try:
        os.chdir(spec["working_directory"])
    except OSError as error:
        raise StartError(f"working directory {spec['working_directory']}: {error.strerror}") from error
    try:
        os.execvpe(command[0], command, spec["environment"])  # noqa: S606 -- that is what a container is
    except OSError as error:
        raise StartError(f"exec {command[0]!r}: {error.strerror}") from error


def _create(spec: dict[str, Any]) -> None:
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    _change_root(build_root(spec))


def _enter(spec: dict[str, Any]) -> None:
    first_process = os.pidfd_open(1)
    linux.setns(first_process, linux.CLONE_NEWNS | linux.CLONE_NEWNET | linux.CLONE_NEWUTS | linux.CLONE_NEWIPC)
    os.close(first_process)
    if spec["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _agent_is_gone(status: int) -> bool:
    poller = select.poll()
    poller.register(status, 0)
    return any(mask & select.POLLERR for _, mask in poller.poll(0))


def main(action: str, description: int, status: int) -> None:
    """Become the container; returns never, ends with 128 after writing why to `status`."""
    linux.die_with_parent()
    if _agent_is_gone(status):
        sys.exit(START_FAILED)
    os.set_inheritable(status, False)
    os.umask(0o022)
    with os.fdopen(description, encoding="utf-8") as file:
        spec = json.load(file)
    try:
        (_enter if action == "enter" else _create)(spec)
        _become(spec)
        _exec(spec)
    except (OSError, StartError) as error:
        os.write(status, str(error).encode())
        sys.exit(START_FAILED)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
