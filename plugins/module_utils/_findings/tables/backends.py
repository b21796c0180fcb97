# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backends: Services, protocols, load balancing, affinity, canaries. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "BACKEND-NOT-A-SERVICE",
        Level.NOTE,
        "A path points to a resource instead of a Service; nginx skips it.",
        "path {path} has no Service backend; nginx skips it and so does the gateway",
        "Remove the rule, or name a Service.",
    ),
    Code(
        "SERVICE-MISSING",
        Level.NOTE,
        "The Service, or its port, does not exist; nginx answers 503, and so will the gateway.",
        "Service {service} has no port {port}; nginx answers 503 and so will the gateway",
        "Create the Service or correct the rule; then convert again.",
    ),
    Code(
        "EXTERNAL-NAME",
        Level.BLOCKED,
        "The Service is of type ExternalName.",
        "Service {service} is of type ExternalName",
        "Leave the host on nginx, or point the rule to a Service with endpoints.",
    ),
    Code(
        "PROTOCOL-MISMATCH",
        Level.BLOCKED,
        "The port's declared protocol makes the gateway speak another protocol to the backend than nginx does.",
        "port {port} of Service {service} declares {declared}, but nginx speaks {protocol} to it",
        "Correct the port's name or appProtocol, or set backend-protocol, so that both planes agree.",
    ),
)
