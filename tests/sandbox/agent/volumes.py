# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of a Pod as folders of the node."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sandbox.agent import atomic_writer, downward
from sandbox.agent.atomic_writer import File
from sandbox.agent.configuration import CONFIG_MAP, SECRET, MissingError

if TYPE_CHECKING:
    from sandbox.agent.configuration import Configuration
    from sandbox.agent.tokens import Tokens

_DEFAULT_MODE: Final = 0o644
_KINDS: Final = ("emptyDir", "hostPath", "configMap", "secret", "downwardAPI", "projected")


class VolumeError(Exception):
    """A volume that cannot be made here; the text says why."""


@dataclass(slots=True)
class Volumes:
    """The volumes of one Pod, below a folder of its own."""

    pod: dict[str, Any]
    address: str
    folder: Path
    configuration: Configuration
    tokens: Tokens
    _paths: dict[str, Path] = field(default_factory=dict)

    @property
    def _group(self) -> int | None:
        group: int | None = (self.pod["spec"].get("securityContext") or {}).get("fsGroup")
        return group

    async def sync(self) -> None:
        """Make every volume as it should be now.

        Raises MissingError (wait for the object), VolumeError (hopeless), ApiError, or one of NO_ANSWER.
        """
        for volume in self.pod["spec"].get("volumes") or []:
            await self._sync(volume)

    async def _sync(self, volume: dict[str, Any]) -> None:
        name = volume["name"]
        kind = next((kind for kind in _KINDS if volume.get(kind) is not None), None)
        folder = self.folder / name
        match kind:
            case None:
                kinds = ", ".join(volume.keys() - {"name"})
                raise VolumeError(f"volume {name}: {kinds} is not served by the sandbox; {', '.join(_KINDS)} are")
            case "hostPath":
                self._paths[name] = _host_path(name, volume["hostPath"])
            case "emptyDir":
                if name not in self._paths:
                    self._make_empty(folder)
                    self._paths[name] = folder
            case _:
                sources = volume["projected"].get("sources") or [] if kind == "projected" else [volume]
                mode = volume[kind].get("defaultMode", _DEFAULT_MODE)
                files: dict[str, File] = {}
                for source in sources:
                    files |= await self._files(source, mode)
                atomic_writer.write(folder, files, self._group)
                self._paths[name] = folder

    def _make_empty(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        if self._group is not None:
            os.chown(folder, -1, self._group)
            folder.chmod(0o2777)

    async def _files(self, source: dict[str, Any], mode: int) -> dict[str, File]:
        if source.get("configMap"):
            return await self._keys(CONFIG_MAP, source["configMap"]["name"], source["configMap"], mode)
        if source.get("secret"):
            return await self._keys(SECRET, _secret_name(source["secret"]), source["secret"], mode)
        if source.get("downwardAPI"):
            return self._fields(source["downwardAPI"].get("items") or [], mode)
        if source.get("serviceAccountToken"):
            wanted = source["serviceAccountToken"]
            return {wanted["path"]: self._token_file(await self.tokens.get(wanted), mode)}
        raise VolumeError(f"a projected volume has a source that is not served by the sandbox: {', '.join(source)}")

    async def _keys(self, kind: str, name: str, source: dict[str, Any], mode: int) -> dict[str, File]:
        optional = bool(source.get("optional"))
        reference = (kind, self.pod["metadata"]["namespace"], name)
        content = await self.configuration.read(reference, optional=optional) or {}
        if not source.get("items"):
            return {key: File(value, mode) for key, value in content.items()}
        files = {}
        for item in source["items"]:
            if item["key"] in content:
                files[item["path"]] = File(content[item["key"]], item.get("mode", mode))
            elif not optional:
                raise MissingError(f"key {item['key']!r} is not in {kind} {name}")
        return files

    def _fields(self, items: list[dict[str, Any]], mode: int) -> dict[str, File]:
        files = {}
        for item in items:
            if item.get("fieldRef"):
                value = downward.field(self.pod, self.address, item["fieldRef"]["fieldPath"])
            else:
                value = downward.resource(self.pod, {}, item["resourceFieldRef"])
            files[item["path"]] = File(value.encode(), item.get("mode", mode))
        return files

    def _token_file(self, token: bytes, mode: int) -> File:
        """As a kubelet does: private to the only user of the Pod where there is one, or to its group."""
        if self._group is not None:
            return File(token, 0o640)
        users = {_user_of(self.pod, container) for container in self.pod["spec"]["containers"]}
        if len(users) == 1 and (user := users.pop()) is not None:
            return File(token, 0o600, user)
        return File(token, mode)

    def path(self, name: str, below: str = "") -> Path:
        """The folder of a volume, or what is below it (subPath); raises VolumeError when that is outside."""
        base = self._paths[name]
        if not below:
            return base
        path = Path(os.path.realpath(base / below))
        if not path.is_relative_to(os.path.realpath(base)):
            raise VolumeError(f"volume {name}: subPath {below!r} leads out of the volume")
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(0o777)
        return path


def _secret_name(source: dict[str, Any]) -> str:
    """A secret volume says secretName, a projected source says name."""
    name: str = source.get("secretName") or source["name"]
    return name


def _user_of(pod: dict[str, Any], container: dict[str, Any]) -> int | None:
    own: int | None = (container.get("securityContext") or {}).get("runAsUser")
    return own if own is not None else (pod["spec"].get("securityContext") or {}).get("runAsUser")


def _host_path(name: str, source: dict[str, Any]) -> Path:
    path, kind = Path(source["path"]), source.get("type") or ""
    if kind == "DirectoryOrCreate":
        path.mkdir(parents=True, exist_ok=True)
    elif kind == "FileOrCreate":
        path.touch()
    exists = {"": path.exists, "Directory": path.is_dir, "File": path.is_file, "Socket": path.is_socket}
    if kind in exists and not exists[kind]():
        raise VolumeError(f"volume {name}: hostPath {path} is no {kind.lower() or 'file or folder'} of this machine")
    return path
