# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a Pod spec and an image to the description that container.py carries out."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sandbox import layout, linux
from sandbox.agent.expansion import expand

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.agent.volumes import Volumes
    from sandbox.image import Image

# What container runtimes leave to root:
# https://github.com/containerd/containerd/blob/main/pkg/oci/spec.go, defaultUnixCaps
_DEFAULT_CAPABILITIES: Final = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
_TERMINATION_LOG: Final = "/dev/termination-log"


class ConfigError(Exception):
    """The container cannot be described; the text goes into its status (CreateContainerConfigError)."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a container outside of its volumes."""

    base: Path
    """An empty folder on which its file system is mounted."""
    termination_log: Path
    etc: dict[str, str] = field(default_factory=dict)


def resolver(pod: dict[str, Any]) -> str:
    """The content of /etc/resolv.conf, by dnsPolicy and dnsConfig."""
    spec = pod["spec"]
    domain = layout.DNS_DOMAIN
    config = spec.get("dnsConfig") or {}
    servers, searches, options = [], [], []
    if spec.get("dnsPolicy", "ClusterFirst") in ("ClusterFirst", "ClusterFirstWithHostNet"):
        servers = [layout.NODE_ADDRESS]
        searches = [f"{pod['metadata']['namespace']}.svc.{domain}", f"svc.{domain}", domain]
        options = ["ndots:5"]
    elif spec.get("dnsPolicy") == "Default":
        servers = [layout.NODE_ADDRESS]
    servers += config.get("nameservers") or []
    searches += config.get("searches") or []
    for option in config.get("options") or []:
        options.append(option["name"] if option.get("value") is None else f"{option['name']}:{option['value']}")
    lines = [f"nameserver {server}" for server in servers]
    lines += [f"search {' '.join(searches)}"] if searches else []
    lines += [f"options {' '.join(options)}"] if options else []
    return "\n".join(lines) + "\n"


def hostname(pod: dict[str, Any]) -> str:
    """The Pod's host name: at most 63 characters (RFC 1123)."""
    name: str = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return name[:63].rstrip("-.")


def _fully_qualified(pod: dict[str, Any]) -> str | None:
    subdomain = pod["spec"].get("subdomain")
    if not subdomain:
        return None
    return f"{hostname(pod)}.{subdomain}.{pod['metadata']['namespace']}.svc.{layout.DNS_DOMAIN}"


def etc_files(pod: dict[str, Any], address: str, user: int, group: int) -> dict[str, str]:
    """The files below /etc that are the Pod's own."""
    names = [name for name in (_fully_qualified(pod), hostname(pod)) if name]
    hosts = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", f"{address}\t{' '.join(names)}"]
    aliases = pod["spec"].get("hostAliases") or []
    hosts += [f"{alias['ip']}\t{' '.join(alias.get('hostnames') or [])}" for alias in aliases]
    users = ["root:x:0:0:root:/root:/bin/sh", "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"]
    groups = ["root:x:0:", "nogroup:x:65534:"]
    if user not in (0, 65534):
        users.append(f"app:x:{user}:{group}:app:/:/usr/sbin/nologin")
    if group not in (0, 65534):
        groups.append(f"app:x:{group}:")
    return {
        "/etc/hosts": "\n".join(hosts) + "\n",
        "/etc/hostname": hostname(pod) + "\n",
        "/etc/resolv.conf": resolver(pod),
        "/etc/passwd": "\n".join(users) + "\n",
        "/etc/group": "\n".join(groups) + "\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a container runs as."""

    user: int
    group: int
    groups: list[int]


def identity(pod: dict[str, Any], container: dict[str, Any], image: Image) -> Identity:
    """User and groups by the security contexts, then by the image; raises ConfigError."""
    of_pod = pod["spec"].get("securityContext") or {}
    merged = {**of_pod, **(container.get("securityContext") or {})}
    user = merged.get("runAsUser", image.user)
    if merged.get("runAsNonRoot") and user == 0:
        raise ConfigError("container has runAsNonRoot and image will run as root")
    default_group = image.group if user == image.user else 0
    groups = [*(of_pod.get("supplementalGroups") or [])]
    if of_pod.get("fsGroup") is not None:
        groups.append(of_pod["fsGroup"])
    return Identity(user, merged.get("runAsGroup", default_group), groups)


def _capabilities(context: dict[str, Any]) -> list[str]:
    wanted = context.get("capabilities") or {}
    added, dropped = ({name.removeprefix("CAP_") for name in wanted.get(key) or []} for key in ("add", "drop"))
    unknown = (added | dropped) - linux.CAPABILITIES.keys() - {"ALL"}
    if unknown:
        raise ConfigError(f"unknown capabilities: {', '.join(sorted(unknown))}")
    base = set() if "ALL" in dropped else _DEFAULT_CAPABILITIES - dropped
    return sorted(linux.CAPABILITIES if "ALL" in added else base | added)


def _mounts(container: dict[str, Any], volumes: Volumes, environment: dict[str, str]) -> list[dict[str, Any]]:
    mounts = []
    for mount in container.get("volumeMounts") or []:
        below = mount.get("subPath") or expand(mount.get("subPathExpr") or "", environment)
        mounts.append(
            {
                "source": str(volumes.path(mount["name"], below)),
                "target": mount["mountPath"].rstrip("/") or "/",
                "read_only": bool(mount.get("readOnly")),
            }
        )
    return mounts


def _command(container: dict[str, Any], image: Image, environment: dict[str, str]) -> list[str]:
    command = container.get("command") or list(image.entrypoint)
    arguments = container.get("args") or ([] if container.get("command") else list(image.command))
    return [expand(part, environment) for part in [*command, *arguments]]


def stop_signal(container: dict[str, Any], image: Image) -> signal.Signals:
    """The signal that asks a container to end."""
    name = (container.get("lifecycle") or {}).get("stopSignal")
    return signal.Signals[name] if name else image.stop_signal


def describe(
    pod: dict[str, Any],
    container: dict[str, Any],
    image: Image,
    environment: dict[str, str],
    *,
    volumes: Volumes,
    files: Files,
) -> dict[str, Any]:
    """The description for container.py ("create"); raises ConfigError, VolumeError."""
    context = container.get("securityContext") or {}
    who = identity(pod, container, image)
    mounts = _mounts(container, volumes, environment)
    taken = {mount["target"] for mount in mounts}
    of_image = [
        {"source": str(source), "target": target, "read_only": True}
        for target, source in image.files.items()
        if target not in taken
    ]
    termination = {
        "source": str(files.termination_log),
        "target": container.get("terminationMessagePath") or _TERMINATION_LOG,
        "read_only": False,
    }
    return {
        "base": str(files.base),
        "mounts": [*of_image, *mounts, termination],
        "copies": [
            {"source": None if source is None else str(source), "target": target}
            for target, source in image.copies.items()
            if target not in taken
        ],
        "links": image.links,
        "files": files.etc,
        "uid": who.user,
        "gid": who.group,
        "groups": who.groups,
        "capabilities": _capabilities(context),
        "privileged": bool(context.get("privileged")),
        "no_new_privileges": context.get("allowPrivilegeEscalation") is False,
        "read_only_root": bool(context.get("readOnlyRootFilesystem")),
        "working_directory": container.get("workingDir") or image.working_directory,
        "command": _command(container, image, environment),
        "environment": environment,
    }


def describe_exec(description: dict[str, Any], command: list[str], *, terminal: bool) -> dict[str, Any]:
    """The description for container.py ("enter") of a command in a container that runs."""
    kept = ("uid", "gid", "groups", "capabilities", "privileged", "no_new_privileges", "working_directory")
    environment = dict(description["environment"])
    if terminal:
        environment.setdefault("TERM", "xterm")
    return {
        **{key: description[key] for key in kept},
        "command": command,
        "environment": environment,
        "terminal": terminal,
    }
