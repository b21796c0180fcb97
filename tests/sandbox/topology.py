# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two network namespaces of a sandbox: the node, and the client, which is the outside world.

    client 198.18.254.2-5 --- uplink 198.18.254.1 node 198.18.0.1 --- Pods 198.18.1.x, one routed veth pair each

The node has no bridge: on one layer 2 a Pod that reaches itself through a Service would get the answer unaltered.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sandbox import layout, namespaces
from sandbox.netlink import Netlink

if TYPE_CHECKING:
    from collections.abc import Mapping

_ANYWHERE: Final = "0.0.0.0"  # noqa: S104 -- the default route, nothing is bound to it
_NODE_SYSCTLS: Final = {
    "net.ipv4.ip_forward": "1",
    # A new namespace takes over the host's reverse path filter, which drops answers of routed Pods in strict mode.
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv4.conf.default.send_redirects": "0",
}


def write_sysctls(values: Mapping[str, str]) -> None:
    """Set kernel parameters of the namespaces the calling thread is in; raises OSError that names the parameter."""
    for name, value in values.items():
        try:
            Path("/proc/sys", *name.split(".")).write_text(value, encoding="ascii")
        except OSError as error:
            raise OSError(error.errno, f"sysctl {name}={value}: {error.strerror}") from error


def configure(node: int, client: int) -> None:
    """Connect the two namespaces."""
    destination, prefix = layout.SANDBOX_CIDR.split("/")
    with namespaces.entered(node, "net"), Netlink() as netlink:
        write_sysctls(_NODE_SYSCTLS)
        netlink.set_up("lo")
        netlink.add_address("lo", layout.NODE_ADDRESS, 32)
        netlink.add_veth("uplink", "eth0", client)
        netlink.add_address("uplink", layout.UPLINK_ADDRESS, layout.CLIENT_PREFIX)
        netlink.set_up("uplink")
        netlink.add_route(_ANYWHERE, 0, device="uplink", gateway=layout.CLIENT_ADDRESSES[0])
    with namespaces.entered(client, "net"), Netlink() as netlink:
        netlink.set_up("lo")
        for address in layout.CLIENT_ADDRESSES:
            netlink.add_address("eth0", address, layout.CLIENT_PREFIX)
        netlink.set_up("eth0")
        netlink.add_route(destination, int(prefix), device="eth0", gateway=layout.UPLINK_ADDRESS)
