# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may come in: addresses, passwords, external authentication, client certificates. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "CLIENT-ADDRESS-HIDDEN",
        Level.CONSENT,
        "The host admits clients by address, but the gateway's Service would show node addresses.",
        "an address list protects this host, and externalTrafficPolicy of the gateway's Service is {policy}",
        "Set externalTrafficPolicy to Local on the gateway's Service.",
    ),
)
