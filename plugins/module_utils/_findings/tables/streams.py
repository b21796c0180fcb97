# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP and UDP services of the controller. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "TCP-SERVICE",
        Level.NOTE,
        "The gateway serves a TCP service of nginx, too. No wave moves it and no probe proves it.",
        "from the first wave on TCP port {port} leads to {backend} on the gateway, too, if its Service has the port",
        "Name the port in istio_install_gateway_tcp_ports (those of the Service of ingress-nginx are there by "
        "default), then move its clients to the address of the gateway and see that they connect.",
    ),
    Code(
        "STREAM-NOT-CONVERTED",
        Level.BLOCKED,
        "A TCP or UDP service of nginx that a gateway cannot serve. It holds no host back.",
        "port {port} leads to {backend} on nginx, and is not served by the gateway: {reason}",
        "Expose the Service by itself (type LoadBalancer or NodePort) before nginx is taken away.",
    ),
    Code(
        "STREAM-NOT-SERVED",
        Level.NOTE,
        "An entry of the TCP or UDP services does not lead anywhere; nginx does not serve it.",
        "nginx does not serve port {port} for {backend}: {reason}",
        "Correct or remove the entry; then convert again.",
    ),
)
