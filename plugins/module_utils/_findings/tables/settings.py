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
        "SETTING-IGNORED",
        Level.NOTE,
        "A key of the controller's ConfigMap has a value that nginx cannot use; nginx takes the default.",
        "ConfigMap key {key} has the value {value}, which nginx ignores",
        "Correct or remove the key.",
    ),
)
