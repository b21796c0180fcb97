# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the controller: arguments and ConfigMap. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "SETTING-NOT-CONVERTED",
        Level.BLOCKED,
        "A key of the controller's ConfigMap changes how hosts answer and is not carried over.",
        "ConfigMap key {key} is set to {value}, which is not carried over",
        "Remove the key from the ConfigMap if it is not needed, or wait for a release that converts it.",
    ),
    Code(
        "SETTING-GIVEN-UP",
        Level.NOTE,
        "A key of the controller's ConfigMap tunes performance or looks; its effect is given up.",
        "ConfigMap key {key} has no counterpart on the gateway: {effect}",
        "None in most cases. Decide whether something depends on it.",
    ),
    Code(
        "UNKNOWN-SETTING",
        Level.NOTE,
        "A key of the controller's ConfigMap is none that its release knows; nginx passes over it.",
        "ingress-nginx does not know ConfigMap key {key} (its value is {value}) and passes over it",
        "Remove the key, or correct its name and see what nginx makes of it.",
    ),
    Code(
        "COMPRESSED-OTHERWISE",
        Level.NOTE,
        "The gateway compresses responses as nginx does, with differences of detail.",
        "the gateway compresses with {method} at its own level, and drops strong ETags of what it compresses",
        "None: clients read both alike.",
    ),
    Code(
        "SETTING-IGNORED",
        Level.NOTE,
        "A key of the controller's ConfigMap has a value that nginx cannot use; nginx takes the default.",
        "ConfigMap key {key} has the value {value}, which nginx ignores",
        "Correct or remove the key.",
    ),
)
