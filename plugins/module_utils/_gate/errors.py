# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong while Prometheus is asked. PRIVATE to the collection."""


class GateError(ValueError):
    """Prometheus gave no answer that can be used; the message says which and what to do."""
