# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is already there on the Istio side. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "ISTIO-TOO-OLD",
        Level.BLOCKED,
        "The Istio that is there does not have something that the host needs.",
        "{what} needs Istio {needed} or later; {release} is there",
        "Upgrade Istio, or leave the host on nginx.",
    ),
    Code(
        "ISTIO-CLASH",
        Level.BLOCKED,
        "Somebody else's Istio object already answers for this host on the gateway.",
        "{object} already names host {host} on this gateway",
        "Remove the host from that object, or leave the host on nginx.",
    ),
    Code(
        "DESTINATION-RULE-EXISTS",
        Level.BLOCKED,
        "Somebody else's DestinationRule already sets the policy of this Service.",
        "{object} already sets the policy of {service}, which this host needs, too",
        "Put the setting into that rule and remove the annotation, or leave the host on nginx.",
    ),
)
