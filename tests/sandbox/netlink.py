# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links, addresses and routes through rtnetlink(7): no `ip` process for each Pod."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

_NLMSG_ERROR: Final = 2
_NLM_F_REQUEST: Final = 0x1
_NLM_F_ACK: Final = 0x4
_NLM_F_EXCL: Final = 0x200
_NLM_F_CREATE: Final = 0x400

_RTM_NEWLINK: Final = 16
_RTM_DELLINK: Final = 17
_RTM_NEWADDR: Final = 20
_RTM_NEWROUTE: Final = 24

_IFF_UP: Final = 0x1
_IFLA_IFNAME: Final = 3
_IFLA_LINKINFO: Final = 18
_IFLA_NET_NS_FD: Final = 28
_IFLA_INFO_KIND: Final = 1
_IFLA_INFO_DATA: Final = 2
_VETH_INFO_PEER: Final = 1
_IFA_ADDRESS: Final = 1
_IFA_LOCAL: Final = 2
_RTA_DST: Final = 1
_RTA_OIF: Final = 4
_RTA_GATEWAY: Final = 5
_RTA_PREFSRC: Final = 7
_RT_TABLE_MAIN: Final = 254
_RTPROT_BOOT: Final = 3
_RT_SCOPE_UNIVERSE: Final = 0
_RT_SCOPE_LINK: Final = 253
_RTN_UNICAST: Final = 1

_HEADER: Final = struct.Struct("=IHHII")
_ERROR: Final = struct.Struct("=i")
_LINK: Final = struct.Struct("=BxHiII")
_ADDRESS: Final = struct.Struct("=BBBBI")
_ROUTE: Final = struct.Struct("=BBBBBBBBI")


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute: length and kind (host order), payload, padding to four bytes (netlink(7))."""
    length = 4 + len(payload)
    return struct.pack("=HH", length, kind) + payload + b"\0" * (-length % 4)


def _name(text: str) -> bytes:
    return text.encode() + b"\0"


def _index(device: str) -> bytes:
    return struct.pack("=I", socket.if_nametoindex(device))


class Netlink:
    """A conversation with the kernel about the network namespace in which this object is made.

    Device names are looked up in the namespace the calling thread is in: use the object where it was made.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)  # type: ignore[attr-defined,unused-ignore]
        self._sequence = 0

    def __enter__(self) -> Netlink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def _request(self, message: int, flags: int, body: bytes, what: str) -> None:
        self._sequence += 1
        header = _HEADER.pack(_HEADER.size + len(body), message, flags | _NLM_F_REQUEST | _NLM_F_ACK, self._sequence, 0)
        self._socket.send(header + body)
        answer = self._socket.recv(65536)
        _, kind, _, sequence, _ = _HEADER.unpack_from(answer)
        if kind != _NLMSG_ERROR or sequence != self._sequence:
            raise OSError(0, f"{what}: the kernel answered a message of kind {kind}, not an acknowledgement")
        (code,) = _ERROR.unpack_from(answer, _HEADER.size)
        if code:
            raise OSError(-code, f"{what}: {os.strerror(-code)}")

    def add_veth(self, device: str, peer: str, peer_namespace: int) -> None:
        """A pair of devices; the peer appears in the namespace of that file descriptor."""
        other = (
            _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
            + attribute(_IFLA_IFNAME, _name(peer))
            + attribute(_IFLA_NET_NS_FD, struct.pack("=I", peer_namespace))
        )
        info = attribute(_IFLA_INFO_KIND, b"veth") + attribute(_IFLA_INFO_DATA, attribute(_VETH_INFO_PEER, other))
        body = (
            _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
            + attribute(_IFLA_IFNAME, _name(device))
            + attribute(_IFLA_LINKINFO, info)
        )
        self._request(_RTM_NEWLINK, _NLM_F_CREATE | _NLM_F_EXCL, body, f"add link {device}")

    def set_up(self, device: str) -> None:
        """Bring a device up."""
        body = _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(device), _IFF_UP, _IFF_UP)
        self._request(_RTM_NEWLINK, 0, body, f"set {device} up")

    def delete_link(self, device: str) -> None:
        """Remove a device, and its peer with it."""
        body = _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(device), 0, 0)
        self._request(_RTM_DELLINK, 0, body, f"delete link {device}")

    def add_address(self, device: str, address: str, prefix: int) -> None:
        """Give a device an IPv4 address."""
        packed = socket.inet_aton(address)
        body = (
            _ADDRESS.pack(socket.AF_INET, prefix, 0, _RT_SCOPE_UNIVERSE, socket.if_nametoindex(device))
            + attribute(_IFA_LOCAL, packed)
            + attribute(_IFA_ADDRESS, packed)
        )
        self._request(_RTM_NEWADDR, _NLM_F_CREATE | _NLM_F_EXCL, body, f"add address {address} to {device}")

    def add_route(
        self, destination: str, prefix: int, *, device: str, gateway: str | None = None, source: str | None = None
    ) -> None:
        """Route an IPv4 prefix (0 for the default route) to a device, or through a gateway behind it."""
        scope = _RT_SCOPE_LINK if gateway is None else _RT_SCOPE_UNIVERSE
        body = _ROUTE.pack(
            socket.AF_INET, prefix, 0, 0, _RT_TABLE_MAIN, _RTPROT_BOOT, scope, _RTN_UNICAST, 0
        ) + attribute(_RTA_OIF, _index(device))
        if prefix:
            body += attribute(_RTA_DST, socket.inet_aton(destination))
        if gateway is not None:
            body += attribute(_RTA_GATEWAY, socket.inet_aton(gateway))
        if source is not None:
            body += attribute(_RTA_PREFSRC, socket.inet_aton(source))
        self._request(_RTM_NEWROUTE, _NLM_F_CREATE | _NLM_F_EXCL, body, f"add route {destination}/{prefix} by {device}")
