# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a demo ends early."""

from __future__ import annotations

from sandbox.errors import SandboxError


class DemoError(SandboxError):
    """Something is not as the demo's applications declare it, or could not be done; its text says what."""
