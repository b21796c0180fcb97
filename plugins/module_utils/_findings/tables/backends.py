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
        "SERVICE-UNREACHABLE",
        Level.NOTE,
        "With service-upstream nginx asks the Service itself on the port as it is written; where that is the port of "
        "its Pods, nobody answers there: nginx answers 502, and so will the gateway.",
        "Service {service} itself has no port {port}; nginx answers 502 and so will the gateway",
        "Write the port of the Service, not that of its Pods; then convert again.",
    ),
    Code(
        "EXTERNAL-NAME",
        Level.BLOCKED,
        "The Service is of type ExternalName and names an address; Istio takes names only.",
        "Service {service} is of type ExternalName and names the address {address}",
        "Point the rule to a Service with an EndpointSlice of that address.",
    ),
    Code(
        "EXTERNAL-NAME-REFUSED",
        Level.NOTE,
        "nginx refuses the external name of a Service and answers 503, and so will the gateway.",
        "nginx does not ask the external name of Service {service} and answers 503; so will the gateway",
        "Point the rule to a Service with endpoints, or delete it.",
    ),
    Code(
        "FASTCGI-BACKEND",
        Level.BLOCKED,
        "The backend speaks FastCGI, which Envoy does not.",
        "backend-protocol is FCGI; there is no FastCGI in Envoy",
        "Put a web server, such as nginx beside php-fpm, in front of the application.",
    ),
    Code(
        "LOAD-BALANCE-BROKEN",
        Level.BLOCKED,
        "load-balance names an algorithm that works only together with another annotation, which is absent.",
        "load-balance is {algorithm}, which nginx cannot use by itself",
        "Use upstream-hash-by or affinity instead, or remove the annotation.",
    ),
    Code(
        "UPSTREAM-HTTP-1-0",
        Level.NOTE,
        "nginx speaks HTTP/1.0 to the backend, the gateway HTTP/1.1.",
        "the gateway speaks HTTP/1.1 to the backend where nginx speaks 1.0",
        "None for servers of this century; test one that is older.",
    ),
    Code(
        "UPSTREAM-TLS-TUNING",
        Level.NOTE,
        "Protocol versions, ciphers and chain depth for https backends are left to Envoy.",
        "{annotations}: the gateway uses its own defaults towards this backend",
        "None in most cases: Envoy agrees on TLS 1.2 or 1.3 with every current server.",
    ),
    Code(
        "SESSION-MOVES",
        Level.APPROXIMATE,
        "The gateway does not understand the values of session cookies that nginx set: sessions move once.",
        "clients with a cookie {cookie} of nginx are bound anew, once, when the host moves",
        "Move the host when a lost session costs least. Later requests keep their endpoint.",
    ),
    Code(
        "SESSION-COOKIE-DIFFERS",
        Level.APPROXIMATE,
        "The gateway gives a session cookie its lifetime as Max-Age alone, and sets none that is expired already.",
        "the gateway's session cookie has no Expires and no negative lifetime: nginx sets {cookie}",
        "None: browsers obey Max-Age.",
    ),
    Code(
        "AFFINITY-REBALANCES",
        Level.APPROXIMATE,
        "Bound clients may move when endpoints come, go or fail, at other moments than in nginx.",
        "the gateway spreads cookies over a ring of endpoints: when they change, some clients move",
        "None where sessions survive a deployment anyway.",
    ),
    Code(
        "SAME-SITE-UNCONDITIONAL",
        Level.NOTE,
        "nginx leaves SameSite=None out for browsers that misread it; the gateway always sends it.",
        "cookie {cookie} has SameSite=None for old browsers, too",
        "None for browsers since 2020.",
    ),
    Code(
        "HASH-KEY-DIFFERS",
        Level.APPROXIMATE,
        "The key of upstream-hash-by is $uri, for which the gateway takes the path with its query.",
        "the gateway hashes the path with its query where nginx hashes {key}",
        "None, unless one path must reach one endpoint whatever its query is.",
    ),
    Code(
        "UPSTREAM-HASH-DROPPED",
        Level.CONSENT,
        "The key of upstream-hash-by holds a variable that a gateway does not have: endpoints are chosen freely.",
        "the key {key} cannot be computed by the gateway; requests go to any endpoint",
        "Use $request_uri, $host, $remote_addr, $http_NAME, $arg_NAME or $cookie_NAME, or accept this finding.",
    ),
    Code(
        "HASH-GROUP-DROPPED",
        Level.APPROXIMATE,
        "nginx hashes to a group of endpoints and takes any of them; the gateway hashes to one endpoint.",
        "upstream-hash-by-subset is not carried over: a key reaches one endpoint instead of a group",
        "None, unless one key has more load than one endpoint can bear.",
    ),
    Code(
        "CANARY-WITHOUT-ENDPOINTS",
        Level.NOTE,
        "One of the two Services of a canary has no ready endpoint, so nginx asks no canary, nor will the gateway.",
        "canary {canary} gets no requests, as in nginx: {service}: {reason}",
        "Convert again when both Services have endpoints.",
    ),
    Code(
        "CANARY-NO-FALLBACK",
        Level.NOTE,
        "When a canary loses its last endpoint, nginx asks the primary instead; the gateway answers 503.",
        "if canary {canary} loses its endpoints, its share of requests is answered with 503",
        "Remove the canary Ingress, and convert, before the canary is scaled to nothing.",
    ),
    Code(
        "CANARY-NOT-STICKY",
        Level.APPROXIMATE,
        "A session cookie binds clients of nginx to canary or primary, too; on the gateway weights count per request.",
        "canary stickiness cannot be expressed; sessions may flip on each request until the weight is 0 or 100",
        "Use a header or a cookie of the canary to choose, or end the canary before the host moves.",
    ),
    Code(
        "PROTOCOL-MISMATCH",
        Level.CONSENT,
        "The port's declared protocol makes the gateway speak another protocol to the backend than nginx does.",
        "port {port} of Service {service} declares {declared}, but nginx speaks {protocol} to it",
        "Correct the port's name or appProtocol, or set backend-protocol, so that both planes agree; or accept the "
        "code if the backend speaks what its port declares.",
    ),
)
