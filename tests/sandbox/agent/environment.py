# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of a container: Services, ConfigMaps, Secrets, fields, and what the Pod spec says itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox.agent import downward
from sandbox.agent.configuration import CONFIG_MAP, SECRET, Configuration, MissingError
from sandbox.agent.expansion import expand

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME: Final = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def service_links(services: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Variables for Services with an address, as in `WEB_SERVICE_HOST` and `WEB_PORT_80_TCP_ADDR`."""
    variables = {}
    for service in services:
        address = service["spec"].get("clusterIP")
        ports = service["spec"].get("ports") or []
        if not address or address == "None" or not ports:
            continue
        name = service["metadata"]["name"].upper().replace("-", "_")
        first = ports[0]
        variables[f"{name}_SERVICE_HOST"] = address
        variables[f"{name}_SERVICE_PORT"] = str(first["port"])
        variables[f"{name}_PORT"] = _link(first, address)
        for port in ports:
            if port.get("name"):
                variables[f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
            prefix = f"{name}_PORT_{port['port']}_{port.get('protocol', 'TCP')}"
            variables[prefix] = _link(port, address)
            variables[f"{prefix}_PROTO"] = port.get("protocol", "TCP").lower()
            variables[f"{prefix}_PORT"] = str(port["port"])
            variables[f"{prefix}_ADDR"] = address
    return variables


def _link(port: dict[str, Any], address: str) -> str:
    return f"{port.get('protocol', 'TCP').lower()}://{address}:{port['port']}"


@dataclass(frozen=True, slots=True)
class EnvironmentBuilder:
    """Builds the environments of a Pod's containers."""

    configuration: Configuration
    pod: dict[str, Any]
    address: str
    services: tuple[dict[str, Any], ...]
    """Services of the Pod's namespace, and `kubernetes`, in the order in which later ones win."""

    async def build(self, container: dict[str, Any], of_image: dict[str, str]) -> dict[str, str]:
        """Variables by name; raises MissingError, UnknownFieldError, ApiError, or one of NO_ANSWER."""
        environment = {
            "PATH": _DEFAULT_PATH,
            "HOSTNAME": self.pod["spec"].get("hostname") or self.pod["metadata"]["name"],
            "HOME": "/",
            **of_image,
            **service_links(self.services),
        }
        for source in container.get("envFrom") or []:
            environment |= await self._all_keys(source)
        declared: dict[str, str] = {}
        for variable in container.get("env") or []:
            if "valueFrom" in variable:
                value = await self._value_from(container, variable["valueFrom"])
            else:
                value = expand(variable.get("value") or "", environment | declared)
            if value is not None:
                declared[variable["name"]] = value
        return environment | declared

    async def _read(self, kind: str, reference: dict[str, Any]) -> dict[str, bytes] | None:
        namespace = self.pod["metadata"]["namespace"]
        optional = bool(reference.get("optional"))
        return await self.configuration.read((kind, namespace, reference["name"]), optional=optional)

    async def _all_keys(self, source: dict[str, Any]) -> dict[str, str]:
        kind, reference = (
            (CONFIG_MAP, source["configMapRef"]) if source.get("configMapRef") else (SECRET, source["secretRef"])
        )
        content = await self._read(kind, reference) or {}
        names = {f"{source.get('prefix', '')}{key}": value for key, value in content.items()}
        return {name: value.decode(errors="replace") for name, value in names.items() if _NAME.fullmatch(name)}

    async def _value_from(self, container: dict[str, Any], source: dict[str, Any]) -> str | None:
        if source.get("fieldRef"):
            return downward.field(self.pod, self.address, source["fieldRef"]["fieldPath"])
        if source.get("resourceFieldRef"):
            return downward.resource(self.pod, container, source["resourceFieldRef"])
        kind, reference = (
            (CONFIG_MAP, source["configMapKeyRef"])
            if source.get("configMapKeyRef")
            else (SECRET, source["secretKeyRef"])
        )
        content = await self._read(kind, reference)
        if content is not None and reference["key"] in content:
            return content[reference["key"]].decode(errors="replace")
        if reference.get("optional"):
            return None
        raise MissingError(f"key {reference['key']!r} is not in {kind} {reference['name']}")


def services_for(pod: dict[str, Any], services: dict[tuple[str, str], dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The Services whose variables a Pod gets: the API server's, and its namespace's unless it refuses them."""
    namespace = pod["metadata"]["namespace"]
    wanted = [item for (space, name), item in services.items() if (space, name) == ("default", "kubernetes")]
    if pod["spec"].get("enableServiceLinks", True):
        wanted += [
            item
            for (space, name), item in sorted(services.items())
            if space == namespace and (space, name) != ("default", "kubernetes")
        ]
    return tuple(wanted)
