# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits: sizes, rates, timeouts, retries. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "LARGE-BODY-404",
        Level.APPROXIMATE,
        "nginx answers 413 to a body over 1 MiB on a path that no rule has, though the host allows it: so much its own "
        "404 page takes. The gateway answers 404.",
        "bodies over 1 MiB that a host allows get 404 on paths without a rule, not 413",
        "None: such a request is refused on both planes.",
    ),
    Code(
        "BODY-SIZE-CHUNKED",
        Level.NOTE,
        "Bodies are limited by their Content-Length; nginx also cuts those that do not tell their length.",
        "a request body without Content-Length is not limited in size by the gateway",
        "Limit body sizes in applications that must not read more.",
    ),
    Code(
        "RATE-PER-PORT",
        Level.APPROXIMATE,
        "Requests of a client are counted for each port of a gateway Pod, and only if a backend answers them.",
        "the rate of a client is counted for http and https apart, and only for what reaches a backend",
        "None in most cases: clients that are redirected to https send nothing else to http.",
    ),
    Code(
        "CONNECTION-LIMIT-LOST",
        Level.CONSENT,
        "nginx limits the requests in flight of one client; Envoy has no such limit.",
        "the limit of requests in flight of one client is not carried over",
        "Limit the rate instead (limit-rps), limit connections at the backend, or accept that there is no limit.",
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
    Code(
        "RATE-OF-NO-CLIENT",
        Level.BLOCKED,
        "Rates are counted by something else than the client's address (limit-conn-zone-variable).",
        "requests are counted for each value of {key}; the gateway counts them for each client address",
        "Count by $binary_remote_addr, or leave the host on nginx.",
    ),
    Code(
        "RATE-TOO-LARGE",
        Level.BLOCKED,
        "A rate limit is larger than Envoy can count to.",
        "the rate, or what may exceed it at once, is more than 4294967295",
        "Write a rate that limits something, or remove the annotation.",
    ),
)
