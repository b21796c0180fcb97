# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits: sizes, rates, timeouts, retries. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "BODY-SIZE-DEFAULT",
        Level.NOTE,
        "nginx refuses request bodies over a default size with 413; the gateway does not.",
        "nginx limits request bodies to {limit} by default; the gateway passes larger ones on",
        "Limit body sizes in applications that relied on it.",
    ),
    Code(
        "RETRY-WINDOW-DROPPED",
        Level.APPROXIMATE,
        "nginx begins no further try after a time; the gateway knows only a number of tries.",
        "retry window dropped: further tries begin after {seconds} seconds, too, up to their number",
        "Lower proxy-next-upstream-tries if late tries do harm.",
    ),
    Code(
        "RETRY-AFTER-SEND",
        Level.NOTE,
        "nginx also repeats idempotent requests that failed after they were sent; the gateway only unread ones.",
        "requests that fail after they reached a backend are not repeated by the gateway",
        "None in most cases; clients see a 502 or 503 that nginx would have hidden behind a second try.",
    ),
)
