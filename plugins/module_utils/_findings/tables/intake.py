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
        "An object cannot be read: a field has the wrong type, or a name is not legal.",
        "{problem}",
        "Correct the object. An API server would not have accepted it; if it did, report a bug.",
    ),
    Code(
        "DUPLICATE-OBJECT",
        Level.NOTE,
        "The input holds two objects with one identity; the first was used.",
        "the input holds this object {count} times; the first was used",
        "Remove the copies that do not count.",
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
