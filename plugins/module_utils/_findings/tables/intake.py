# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read, and what was not. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "ASSUMED-DEFAULT",
        Level.NOTE,
        "Something that decides how nginx answers was not in the input; its documented default was taken.",
        "{what} is not known; the defaults of ingress-nginx {release} are assumed",
        "Capture a bundle from the cluster, or add the missing object to the manifests.",
    ),
    Code(
        "MALFORMED-OBJECT",
        Level.BLOCKED,
        "An object cannot be read: a field has the wrong type, or a name is not legal. It is left out, and the hosts "
        "that it names stay on nginx.",
        "{problem}",
        "Correct the object. An API server would not have accepted it; if it did, report a bug.",
    ),
    Code(
        "SETTINGS-UNREADABLE",
        Level.BLOCKED,
        "The ConfigMap of ingress-nginx cannot be read, so nothing is known of what holds for every host.",
        "the ConfigMap of ingress-nginx cannot be read; see its MALFORMED-OBJECT",
        "Correct the ConfigMap, or leave it out to have the defaults assumed.",
    ),
    Code(
        "UNREADABLE-DOCUMENT",
        Level.BLOCKED,
        "A file, or a document in it, cannot be read as an API server would. It is left out, and hosts that it seems "
        "to name stay on nginx.",
        "{problem}",
        "Correct the document, or take it out of the input.",
    ),
    Code(
        "NOT-AN-OBJECT",
        Level.NOTE,
        "A document is no Kubernetes object; it is left out.",
        "{problem}",
        "None where that is meant, as for values of a chart; otherwise correct the document.",
    ),
    Code(
        "UNKNOWN-KIND",
        Level.BLOCKED,
        "An object is of a kind that its API does not have, but one with a similar name; it is left out.",
        "{problem}",
        "Correct the kind.",
    ),
    Code(
        "DUPLICATE-OBJECT",
        Level.NOTE,
        "The input holds several objects with one identity; one of them was used, always the same.",
        "{problem}",
        "Remove the copies that do not count.",
    ),
    Code(
        "CONFLICTING-OBJECT",
        Level.BLOCKED,
        "The input holds several Ingresses with one identity that say different things; the hosts that they name stay "
        "on nginx.",
        "{problem}",
        "Convert the manifests of one environment at a time, and remove the copies that do not count.",
    ),
    Code(
        "OTHER-CLASS",
        Level.NOTE,
        "An Ingress belongs to another controller, or to none; it is left alone.",
        "not served by this controller: {reason}",
        "None. Migrate it with the controller that serves it.",
    ),
    Code(
        "INGRESS-NOT-SERVED",
        Level.NOTE,
        "ingress-nginx refuses the whole Ingress, so its rules are not served today and are not converted.",
        "ingress-nginx does not load this Ingress: {reason}",
        "If it should be served, correct it first and see that nginx answers; otherwise delete it.",
    ),
    Code(
        "MAYBE-STALE",
        Level.NOTE,
        "An Ingress is refused in its present form; nginx may still serve a form that it accepted before.",
        "nginx may still answer for an older form of this Ingress until it restarts",
        "Ask nginx for the hosts of this Ingress, and correct or delete it.",
    ),
)
