# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations as such: unknown, invalid, not carried over. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "ANNOTATION-NOT-CONVERTED",
        Level.BLOCKED,
        "An annotation has an effect in nginx that this release does not carry over; its hosts stay on nginx.",
        "annotation {annotation} is not converted (what is at stake: {loss})",
        "Remove the annotation if it is not needed, or leave the host on nginx.",
    ),
    Code(
        "UNKNOWN-ANNOTATION",
        Level.NOTE,
        "An annotation under the controller's prefix is none that ingress-nginx knows; nginx ignores it.",
        "ingress-nginx does not know this annotation and ignores it{suggestion}",
        "Remove it, or correct its name and see what nginx makes of it.",
    ),
    Code(
        "INVALID-ANNOTATION",
        Level.NOTE,
        "The value of an annotation is not valid; nginx takes the default instead.",
        "value {value} is not valid; nginx takes the default",
        "Correct or remove the annotation.",
    ),
    Code(
        "DENIED-LOCATION",
        Level.NOTE,
        "The value of an access annotation is not usable, so nginx answers 503 on every path of the Ingress.",
        "value {value} is not usable; nginx answers 503 on every path of this Ingress, and so will the gateway",
        "Correct the annotation and see that nginx answers, or delete the Ingress.",
    ),
    Code(
        "NO-COUNTERPART",
        Level.BLOCKED,
        "An annotation changes how the host behaves and has no counterpart on the gateway.",
        "the annotation has no counterpart on the gateway: {reason}",
        "Remove the annotation if it is not needed, let the application do it, or leave the host on nginx.",
    ),
    Code(
        "EFFECT-GIVEN-UP",
        Level.NOTE,
        "An annotation tunes performance or looks; its effect is given up.",
        "the annotation has no counterpart on the gateway: {effect}",
        "None in most cases. Decide whether the application needs it.",
    ),
)
