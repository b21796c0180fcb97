# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts, paths, rewrites and redirects. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "ALIAS-IS-PATTERN",
        Level.BLOCKED,
        "A server alias is a wildcard or a regular expression, which nginx matches otherwise than a gateway.",
        "alias {alias} stands for more than one name, which is not converted",
        "Name the hosts one by one.",
    ),
    Code(
        "HOST-NOT-ROUTABLE",
        Level.BLOCKED,
        "Istio accepts no Gateway for this host name.",
        "host {host} cannot stand in a Gateway: {reason}",
        "Give the application a DNS name with a domain, or leave the host on nginx.",
    ),
    Code(
        "PATTERN-NOT-CONVERTED",
        Level.BLOCKED,
        "A path is a regular expression of a kind that Envoy's engine (RE2) does not have.",
        "path {path} uses {reason}, which Envoy cannot match",
        "Write the path without it; often two plain paths say the same.",
    ),
    Code(
        "REWRITE-NOT-CONVERTED",
        Level.BLOCKED,
        "The target of a rewrite is no plain path made of text and captures.",
        "rewrite target {target} {reason}",
        "Write the target as a path that starts with a slash, with $1 to $9 for the groups of the path.",
    ),
    Code(
        "PATH-NOT-PLAIN",
        Level.BLOCKED,
        "A path does not start with a slash, or holds characters that nginx does not match literally.",
        "path {path} is no plain absolute path",
        "Write the path as it is requested, starting with a slash.",
    ),
    Code(
        "DUPLICATE-PATH",
        Level.NOTE,
        "Several Ingresses define one path of a host; nginx serves the oldest.",
        "path {path} ({type}) is already served by Ingress {winner}; this rule has no effect",
        "Remove the rule that has no effect.",
    ),
    Code(
        "DUPLICATE-LOCATION",
        Level.BLOCKED,
        "Two rules of a host become the same nginx location; nginx refuses its whole configuration.",
        "paths {first} and {second} become one nginx location; nginx refuses such a configuration",
        "Remove one of the two rules.",
    ),
    Code(
        "CANARY-NOT-CONVERTED",
        Level.BLOCKED,
        "A canary asks for something by which a gateway cannot choose routes.",
        "a canary Ingress applies to this host, and {reason}",
        "Finish or remove the canary, or leave the host on nginx.",
    ),
    Code(
        "COUNTER-EXAMPLE",
        Level.BLOCKED,
        "The search found a request that the gateway would answer otherwise, and no finding describes that.",
        "the gateway would answer a request otherwise than nginx: {example}",
        "Leave the host on nginx, and report this as a defect of the collection with the message.",
    ),
    Code(
        "HOST-TOO-LARGE",
        Level.BLOCKED,
        "The routes of a host are more than an API server accepts in one object.",
        "the routes of this host have {size} characters; an API server accepts no object of more than {limit}",
        "Split the host, or remove paths that nobody needs.",
    ),
    Code(
        "PATH-NORMALISED",
        Level.APPROXIMATE,
        "The gateway passes paths on in one spelling, and hosts without a dot at their end; nginx as they came.",
        "dots, double slashes and needless escapes in paths are resolved before a backend sees them",
        "None for most applications. Those that tell //a from /a must not.",
    ),
    Code(
        "REDIRECT-KEEPS-HOST",
        Level.APPROXIMATE,
        "Redirects of the gateway itself say the host as its rule does. For a wildcard host they keep what the client "
        "sent, with its port, which nginx leaves out. Those that add a slash are not relative where a query follows.",
        "redirects of the gateway itself spell the host as its rule does, whatever capitals or port a client sends",
        "None: clients that come to the usual ports see no difference.",
    ),
    Code(
        "SERVER-ANSWER-HSTS",
        Level.APPROXIMATE,
        "nginx leaves HSTS out of what it answers before it has a location; the gateway does not.",
        "redirects of app-root and from-to-www-redirect, and refusals, have Strict-Transport-Security on https",
        "None: every other answer of the host has that header on both planes.",
    ),
    Code(
        "WILDCARD-DEPTH",
        Level.APPROXIMATE,
        "A wildcard of nginx takes one label; names with more go to the default server. The gateway answers them 404.",
        "names of several labels below a wildcard host are answered with 404, not by the default server",
        "None in most cases: give such a name a rule of its own if clients use it.",
    ),
    Code(
        "REFUSAL-WITHOUT-HEADERS",
        Level.APPROXIMATE,
        "nginx puts the headers of a location on its refusals, too; the gateway's filters answer without them.",
        "answers 401, 403 and 503 of the gateway itself lack the CORS and other headers of their location",
        "None in most cases: a script in a browser sees a failed request instead of its status.",
    ),
)
