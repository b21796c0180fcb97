# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong in a way that the user can do something about."""

from __future__ import annotations


class SandboxError(Exception):
    """Its text names the sandbox or the object, what is wrong, and what to do; the command exits with 1."""
