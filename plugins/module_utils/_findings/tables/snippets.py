# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snippets: directives of nginx that somebody wrote by hand. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "SNIPPET-NOT-CONVERTED",
        Level.BLOCKED,
        "A snippet holds a directive, or a use of one, that has no equal on a gateway; nothing of it is converted.",
        "directive {directive} of the snippet is not converted{reason}",
        "Say the same by an annotation or in the application, or leave the host on nginx.",
    ),
    Code(
        "SNIPPET-IGNORED",
        Level.NOTE,
        "An Ingress carries a snippet that its controller does not use, for allow-snippet-annotations is false.",
        "nginx does not use this snippet (allow-snippet-annotations is false), and neither will the gateway",
        "Remove the annotation.",
    ),
    Code(
        "STREAM-SNIPPET",
        Level.APPROXIMATE,
        "A snippet configures TCP or UDP services of nginx, which are not converted; requests do not show it.",
        "what the snippet says of TCP and UDP services is not converted",
        "Serve them by a TCP server of a Gateway, before nginx is taken away.",
    ),
)
