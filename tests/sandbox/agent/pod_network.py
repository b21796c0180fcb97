# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespaces that the containers of a Pod share, and its way to the node."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from sandbox import layout, linux, namespaces
from sandbox.netlink import Netlink
from sandbox.topology import write_sysctls

if TYPE_CHECKING:
    from collections.abc import Mapping

_ANYWHERE: Final = "0.0.0.0"  # noqa: S104 -- the default route, nothing is bound to it
_SYSCTLS: Final = {
    # As container runtimes set it: ports below 1024 need no capability.
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv6.conf.all.disable_ipv6": "1",
    "net.ipv6.conf.default.disable_ipv6": "1",
}


class PodNetwork:
    """A Pod's namespaces as file descriptors by kind; they vanish when they are closed and no process is left."""

    def __init__(self, namespaces_by_kind: dict[str, int], device: str | None) -> None:
        self.namespaces = namespaces_by_kind
        self._device = device

    @classmethod
    def create(cls, address: str, hostname: str, sysctls: Mapping[str, str]) -> PodNetwork:
        """Namespaces with an address, routed to the node by a device named after it; raises OSError."""
        _, _, third, fourth = address.split(".")
        device = f"pod{third}.{fourth}"
        with contextlib.ExitStack() as stack:
            made = cls({kind: namespaces.create(kind) for kind in ("net", "uts", "ipc")}, device)
            stack.callback(made.close)
            _set_hostname(made.namespaces["uts"], hostname)
            with Netlink() as netlink:
                netlink.add_veth(device, "eth0", made.namespaces["net"])
                netlink.set_up(device)
                netlink.add_route(address, 32, device=device, source=layout.NODE_ADDRESS)
            with namespaces.entered(made.namespaces["net"], "net"), Netlink() as netlink:
                write_sysctls({**_SYSCTLS, **sysctls})
                netlink.set_up("lo")
                netlink.add_address("eth0", address, 32)
                netlink.set_up("eth0")
                netlink.add_route(layout.NODE_ADDRESS, 32, device="eth0")
                netlink.add_route(_ANYWHERE, 0, device="eth0", gateway=layout.NODE_ADDRESS, source=address)
            stack.pop_all()
        return made

    @classmethod
    def of_node(cls, hostname: str) -> PodNetwork:
        """The node's own network, for Pods with hostNetwork."""
        own = {kind: os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in ("net", "ipc")}
        made = cls({**own, "uts": namespaces.create("uts")}, None)
        _set_hostname(made.namespaces["uts"], hostname)
        return made

    def close(self) -> None:
        """Give everything back to the kernel."""
        if self._device is not None:
            # Deleted by name, since the namespace goes away later and the address may be needed before.
            with contextlib.suppress(OSError), Netlink() as netlink:
                netlink.delete_link(self._device)
        for fd in self.namespaces.values():
            os.close(fd)
        self.namespaces = {}


def _set_hostname(uts: int, hostname: str) -> None:
    with namespaces.entered(uts, "uts"):
        linux.sethostname(hostname)
