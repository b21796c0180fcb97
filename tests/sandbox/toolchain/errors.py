# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error of the set-up."""

from __future__ import annotations


class ToolchainError(Exception):
    """Something the set-up cannot do; the text says what, why and what to do next."""
