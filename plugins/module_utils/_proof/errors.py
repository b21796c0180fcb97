# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong while a proof is taken. PRIVATE to the collection."""

from __future__ import annotations


class ProofError(Exception):
    """No proof can be taken; ``str()`` names what is wrong and what to do."""


class ToolError(ProofError):
    """curl or openssl is missing, too old, or did not do what it was told."""


class UnsendableError(ProofError):
    """A probe or a name holds a value that no client can send."""


class UnreachablePlaneError(ProofError):
    """A plane gives no answer at all."""
