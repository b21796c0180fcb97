# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding code: its level, what it means, what it says, and what to do. PRIVATE to the collection.

Codes are stable: they stand in plans, tickets and ``convert_accept``. The page docs/findings.md is generated from
this table.
"""

from __future__ import annotations

from dataclasses import dataclass

from .finding import Finding, Level, Source


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding; ``message`` and ``remedy`` are format strings over the values of one occurrence."""

    name: str
    level: Level
    meaning: str
    message: str
    remedy: str


_NOTE, _APPROXIMATE, _CONSENT, _BLOCKED = Level.NOTE, Level.APPROXIMATE, Level.CONSENT, Level.BLOCKED

CODES: dict[str, Code] = {
    code.name: code
    for code in (
        # What was read, and what was not
        Code(
            "ASSUMED-DEFAULT",
            _NOTE,
            "Something that decides how nginx answers was not in the input; its documented default was taken.",
            "{what} is not known; the defaults of ingress-nginx {release} are assumed",
            "Capture a bundle from the cluster, or add the missing object to the manifests.",
        ),
        Code(
            "MALFORMED-OBJECT",
            _BLOCKED,
            "An object cannot be read: a field has the wrong type, or a name is not legal.",
            "{problem}",
            "Correct the object. An API server would not have accepted it; if it did, report a bug.",
        ),
        Code(
            "DUPLICATE-OBJECT",
            _NOTE,
            "The input holds two objects with one identity; the first was used.",
            "the input holds this object {count} times; the first was used",
            "Remove the copies that do not count.",
        ),
        Code(
            "OTHER-CLASS",
            _NOTE,
            "An Ingress belongs to another controller, or to none; it is left alone.",
            "not served by this controller: {reason}",
            "None. Migrate it with the controller that serves it.",
        ),
        Code(
            "INGRESS-NOT-SERVED",
            _NOTE,
            "ingress-nginx refuses the whole Ingress, so its rules are not served today and are not converted.",
            "ingress-nginx does not load this Ingress: {reason}",
            "If it should be served, correct it first and see that nginx answers; otherwise delete it.",
        ),
        Code(
            "MAYBE-STALE",
            _NOTE,
            "An Ingress is refused in its present form; nginx may still serve a form that it accepted before.",
            "nginx may still answer for an older form of this Ingress until it restarts",
            "Ask nginx for the hosts of this Ingress, and correct or delete it.",
        ),
        # Controller settings
        Code(
            "SETTING-NOT-CONVERTED",
            _BLOCKED,
            "A key of the controller's ConfigMap changes how hosts answer and is not carried over.",
            "ConfigMap key {key} is set to {value}, which is not carried over",
            "Remove the key from the ConfigMap if it is not needed, or wait for a release that converts it.",
        ),
        Code(
            "SETTING-IGNORED",
            _NOTE,
            "A key of the controller's ConfigMap has a value that nginx cannot use; nginx takes the default.",
            "ConfigMap key {key} has the value {value}, which nginx ignores",
            "Correct or remove the key.",
        ),
        # Annotations
        Code(
            "ANNOTATION-NOT-CONVERTED",
            _BLOCKED,
            "An annotation has an effect in nginx that this release does not carry over; its hosts stay on nginx.",
            "annotation {annotation} is not converted (what is at stake: {loss})",
            "Remove the annotation if it is not needed, or leave the host on nginx.",
        ),
        Code(
            "UNKNOWN-ANNOTATION",
            _NOTE,
            "An annotation under the controller's prefix is none that ingress-nginx knows; nginx ignores it.",
            "ingress-nginx does not know this annotation and ignores it{suggestion}",
            "Remove it, or correct its name and see what nginx makes of it.",
        ),
        Code(
            "INVALID-ANNOTATION",
            _NOTE,
            "The value of an annotation is not valid; nginx takes the default instead.",
            "value {value} is not valid; nginx takes the default",
            "Correct or remove the annotation.",
        ),
        Code(
            "DENIED-LOCATION",
            _NOTE,
            "The value of an access annotation is not usable, so nginx answers 503 on every path of the Ingress.",
            "value {value} is not usable; nginx answers 503 on every path of this Ingress, and so will the gateway",
            "Correct the annotation and see that nginx answers, or delete the Ingress.",
        ),
        # Hosts and paths
        Code(
            "HOST-NOT-ROUTABLE",
            _BLOCKED,
            "Istio accepts no Gateway for this host name.",
            "host {host} cannot stand in a Gateway: {reason}",
            "Give the application a DNS name with a domain, or leave the host on nginx.",
        ),
        Code(
            "PATTERN-NOT-CONVERTED",
            _BLOCKED,
            "A path is a regular expression of a kind that Envoy's engine (RE2) does not have.",
            "path {path} uses {reason}, which Envoy cannot match",
            "Write the path without it; often two plain paths say the same.",
        ),
        Code(
            "REWRITE-NOT-CONVERTED",
            _BLOCKED,
            "The target of a rewrite is no plain path made of text and captures.",
            "rewrite target {target} {reason}",
            "Write the target as a path that starts with a slash, with $1 to $9 for the groups of the path.",
        ),
        Code(
            "PATH-NOT-PLAIN",
            _BLOCKED,
            "A path does not start with a slash, or holds characters that nginx does not match literally.",
            "path {path} is no plain absolute path",
            "Write the path as it is requested, starting with a slash.",
        ),
        Code(
            "DUPLICATE-PATH",
            _NOTE,
            "Several Ingresses define one path of a host; nginx serves the oldest.",
            "path {path} ({type}) is already served by Ingress {winner}; this rule has no effect",
            "Remove the rule that has no effect.",
        ),
        Code(
            "DUPLICATE-LOCATION",
            _BLOCKED,
            "Two rules of a host become the same nginx location; nginx refuses its whole configuration.",
            "paths {first} and {second} become one nginx location; nginx refuses such a configuration",
            "Remove one of the two rules.",
        ),
        Code(
            "CANARY-NOT-CONVERTED",
            _BLOCKED,
            "A canary Ingress changes which backend answers for this host.",
            "a canary Ingress applies to this host",
            "Finish or remove the canary, or leave the host on nginx.",
        ),
        # Backends
        Code(
            "BACKEND-NOT-A-SERVICE",
            _NOTE,
            "A path points to a resource instead of a Service; nginx skips it.",
            "path {path} has no Service backend; nginx skips it and so does the gateway",
            "Remove the rule, or name a Service.",
        ),
        Code(
            "SERVICE-MISSING",
            _NOTE,
            "The Service, or its port, does not exist; nginx answers 503, and so will the gateway.",
            "Service {service} has no port {port}; nginx answers 503 and so will the gateway",
            "Create the Service or correct the rule; then convert again.",
        ),
        Code(
            "EXTERNAL-NAME",
            _BLOCKED,
            "The Service is of type ExternalName.",
            "Service {service} is of type ExternalName",
            "Leave the host on nginx, or point the rule to a Service with endpoints.",
        ),
        Code(
            "PROTOCOL-MISMATCH",
            _BLOCKED,
            "The port's declared protocol makes the gateway speak another protocol to the backend than nginx does.",
            "port {port} of Service {service} declares {declared}, but nginx speaks {protocol} to it",
            "Correct the port's name or appProtocol, or set backend-protocol, so that both planes agree.",
        ),
        # TLS
        Code(
            "DEFAULT-CERTIFICATE",
            _APPROXIMATE,
            "nginx answers this host over https with its default certificate; the gateway does so with its own.",
            "https is answered with the default certificate: {reason}",
            "Give the host a certificate that is valid for it.",
        ),
        Code(
            "OTHER-CERTIFICATE",
            _APPROXIMATE,
            "The gateway shows another certificate than nginx: one that covers the name, where nginx has none for it.",
            "https shows certificate {shown}, nginx shows {served}",
            "None: the name is covered by the certificate of a neighbour. Give the host a certificate to choose it.",
        ),
        Code(
            "CERTIFICATE-COPY",
            _NOTE,
            "The certificate is copied into the gateway's namespace, where it does not renew by itself.",
            "certificate {secret} is copied to {copy}; it is valid until {until}",
            "Run the migration again after a renewal, or let cert-manager issue it for the gateway.",
        ),
        Code(
            "CERTIFICATE-EXPIRED",
            _NOTE,
            "A certificate is expired; nginx serves it, and so will the gateway.",
            "certificate {secret} expired on {until}",
            "Renew the certificate.",
        ),
        Code(
            "TLS-HOST-WITHOUT-RULE",
            _NOTE,
            "A host stands only in spec.tls; nginx creates no server for it.",
            "host {host} stands in spec.tls but in no rule; nginx does not serve it",
            "Remove it, or add a rule.",
        ),
        Code(
            "REDIRECT-KEEPS-SLASH",
            _APPROXIMATE,
            "nginx cuts one trailing slash in its redirect to https; Envoy keeps it.",
            "the redirect to https keeps a trailing slash, which nginx cuts",
            "None: clients arrive at the same resource. Set preserve-trailing-slash to see it on nginx, too.",
        ),
        # Access
        Code(
            "CLIENT-ADDRESS-HIDDEN",
            _CONSENT,
            "The host admits clients by address, but the gateway's Service would show node addresses.",
            "an address list protects this host, and externalTrafficPolicy of the gateway's Service is {policy}",
            "Set externalTrafficPolicy to Local on the gateway's Service.",
        ),
        # Limits that nginx sets by default
        Code(
            "BODY-SIZE-DEFAULT",
            _NOTE,
            "nginx refuses request bodies over a default size with 413; the gateway does not.",
            "nginx limits request bodies to {limit} by default; the gateway passes larger ones on",
            "Limit body sizes in applications that relied on it.",
        ),
        Code(
            "RETRY-AFTER-SEND",
            _NOTE,
            "nginx also repeats idempotent requests that failed after they were sent; the gateway only unread ones.",
            "requests that fail after they reached a backend are not repeated by the gateway",
            "None in most cases; clients see a 502 or 503 that nginx would have hidden behind a second try.",
        ),
        # What is already there
        Code(
            "ISTIO-CLASH",
            _BLOCKED,
            "Somebody else's Istio object already answers for this host on the gateway.",
            "{object} already names host {host} on this gateway",
            "Remove the host from that object, or leave the host on nginx.",
        ),
        Code(
            "DESTINATION-RULE-EXISTS",
            _BLOCKED,
            "Somebody else's DestinationRule already sets the policy of this Service.",
            "{object} already sets the policy of {service}, which this host needs, too",
            "Put the setting into that rule and remove the annotation, or leave the host on nginx.",
        ),
    )
}


def finding(code: str, source: Source, *, host: str = "", **values: object) -> Finding:
    """Return one occurrence of ``code``; its texts may name ``host`` and ``values``.

    Raises KeyError for a code that the table does not have, or a value that its texts want and that is not given.
    """
    entry = CODES[code]
    message, remedy = (text.format(host=host, **values) for text in (entry.message, entry.remedy))
    return Finding(code, entry.level, source, message, remedy, host)
